"""Ask with the fake encoder: asker.py DATA QUESTION [full], where "full" means that no file can be written at all.

Prints the texts shown and how many turns the page would show, one JSON object.
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
from ingest.errors import UserFacingError
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from ui.handlers.conversations import Conversations

data, question = Path(sys.argv[1]), sys.argv[2]
if "full" in sys.argv[3:]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    assistant = Assistant(Index(data, FakeEncoder()))
    answer = assistant.ask(question)
    shown = answer.quotes or (answer.abstention.nearest if answer.abstention else ())
    kept = Conversations(assistant, Settings(data_dir=data)).keep("a" * 32, "", (Turn(1, question, answer),))
    told = {"answered": answer.abstention is None, "shown": [quote.text for quote in shown]}
    told |= {"turns": [turn.answer == answer for turn in kept.turns], "note": kept.note}
except UserFacingError as error:
    told = {"error": str(error)}
sys.stdout.write(json.dumps(told) + "\n")
