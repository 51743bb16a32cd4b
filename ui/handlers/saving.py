"""Saves questions as test prompts."""

import re
from collections.abc import Collection
from pathlib import Path

from assistant.evaluation.judge import plain
from assistant.evaluation.prompts import Prompt, append_prompt, load_prompts
from ingest.index.kept import kept_in, writing_file
from ui.handlers.limits import check_prompts, check_size

PROMPTS_FOLDER = "prompts"
SAVED_NAME = "saved.jsonl"
LONGEST_NAME = 48
"""Characters of a prompt's id, which is made from its question."""


def save_prompt(prompt: Prompt, data_dir: Path) -> str:
    """Append a prompt to the file of saved prompts, with a new id; return a message for the user.

    Raises:
        PromptsInvalid: the prompt or the file has faults or is too large; nothing is written.
        IndexUnwritable: the server of the catalog cannot be written to.
    """
    check_prompts([prompt], Path(SAVED_NAME))
    with writing_file(kept_in(data_dir), f"{PROMPTS_FOLDER}/{SAVED_NAME}", alone=True) as path:
        check_size(path)
        present = load_prompts(path, None) if path.exists() and path.stat().st_size else ()
        if any(plain(other.question) == plain(prompt.question) for other in present):
            return f"This question is already in {SAVED_NAME}."
        identity = _identity(prompt.question, {other.id for other in present})
        append_prompt(path, Prompt(**{**_given(prompt), "id": identity}))  # type: ignore[arg-type]
    return f"Saved to {SAVED_NAME}. You can run it in the Evaluate tab."


def _given(prompt: Prompt) -> dict[str, object]:
    return {
        "question": prompt.question,
        "answers": prompt.answers,
        "passages": prompt.passages,
        "sources": prompt.sources,
        "unanswerable": prompt.unanswerable,
    }


def _identity(question: str, taken: Collection[str]) -> str:
    """Return an id made from the question's words, with a number if it is taken."""
    words = re.findall(r"\w+", question.casefold())
    name = "-".join(words)[:LONGEST_NAME].strip("-") or "question"
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)
