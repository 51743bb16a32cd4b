"""Save what was asked as a test prompt: the form under an answer, and what becomes of it."""

import re
import threading
from collections.abc import Collection
from pathlib import Path

from assistant.judge import plain
from assistant.prompts import Prompt, append_prompt, load_prompts
from assistant.schema import Answer, Quote
from ui.markup import safe

PROMPTS_FOLDER = "prompts"
SAVED_NAME = "saved.jsonl"
LONGEST_NAME = 48
"""Characters of a prompt's id, which is made of its question."""

_one_at_a_time = threading.Lock()


def save_form_html(answer: Answer) -> str:
    """Return the form that saves a turn: its quotes, or the passages nearest to it, to tick, or "should abstain"."""
    abstention = answer.abstention
    offered = abstention.nearest if abstention else answer.quotes
    kind = "passage" if abstention else "quote"
    boxes = "".join(_box_html(place, kind, quote) for place, quote in enumerate(offered, 1))
    legend = "Which passage answers it?" if abstention else "Which quote answers it?"
    checked = " checked" if abstention else ""
    return (
        f'<details class="saving"><summary>Save as test prompt</summary>'
        f'<form data-question="{safe(answer.question)}"><fieldset><legend>{legend}</legend>{boxes}'
        f'<label><input type="checkbox" data-kind="abstain"{checked}><span>None: it should abstain</span></label>'
        '</fieldset><button type="submit">Save</button><p role="status"></p></form></details>'
    )


def save_prompt(prompt: Prompt, data_dir: Path) -> str:
    """Append a prompt (its id is chosen here) to the file of saved ones; return what to tell the person.

    Raises:
        PromptsInvalid: the prompt or the file has faults; nothing is written.
    """
    path = data_dir / PROMPTS_FOLDER / SAVED_NAME
    with _one_at_a_time:
        path.parent.mkdir(parents=True, exist_ok=True)
        present = load_prompts(path, None) if path.exists() and path.stat().st_size else ()
        if any(plain(other.question) == plain(prompt.question) for other in present):
            return f"This question is in {SAVED_NAME} already."
        identity = _identity(prompt.question, {other.id for other in present})
        append_prompt(path, Prompt(**{**_given(prompt), "id": identity}))  # type: ignore[arg-type]
    return f"Saved to {SAVED_NAME}. The Evaluate tab offers it."


def _box_html(place: int, kind: str, quote: Quote) -> str:
    text = quote.evidence.passage.text if kind == "passage" else quote.text
    return (
        f'<label><input type="checkbox" data-kind="{kind}" data-source="{safe(quote.source)}" value="{safe(text)}">'
        f'<span dir="auto"><b>[{place}]</b> {safe(text)}</span></label>'
    )


def _given(prompt: Prompt) -> dict[str, object]:
    return {
        "question": prompt.question,
        "answers": prompt.answers,
        "passages": prompt.passages,
        "sources": prompt.sources,
        "unanswerable": prompt.unanswerable,
    }


def _identity(question: str, taken: Collection[str]) -> str:
    """Return a name made of the question's words, and a number where it is taken."""
    words = re.findall(r"\w+", question.casefold())
    name = "-".join(words)[:LONGEST_NAME].strip("-") or "question"
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)
