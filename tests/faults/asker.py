"""Ask with the fake encoder where no file can be written at all: asker.py DATA QUESTION.

Prints one JSON object: whether there is an answer, the texts shown, whether the
page would show each turn, and what it notes.
"""

import json
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.schema import Turn
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers.conversations import Conversations

data, question = Path(sys.argv[1]), sys.argv[2]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
assistant = Assistant(Index(data, FakeEncoder()))
answer = assistant.ask(question)
shown = answer.quotes or (answer.abstention.nearest if answer.abstention else ())
kept = Conversations(assistant, Settings(data_dir=data)).keep("a" * 32, "", (Turn(1, question, answer),))
turns = [turn.answer == answer for turn in kept.turns]
told = {"answered": answer.abstention is None, "shown": [quote.text for quote in shown]}
told |= {"turns": turns, "note": kept.note}
sys.stdout.write(json.dumps(told) + "\n")
