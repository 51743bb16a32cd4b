"""Limits on what people may save through the page: the size of a file, and of each test prompt."""

from collections.abc import Sequence
from pathlib import Path

from assistant.evaluation.prompts import Prompt
from ingest.errors import Fault, PromptsInvalid
from ui.handlers.ask import LONGEST_QUESTION

LARGEST_FILE = 20_000_000
"""Bytes of a file of test prompts or of feedback."""
MOST_PROMPTS = 10_000
"""Test prompts in a file; a run of so many takes minutes."""
MOST_TEXTS = 1_000
"""Earlier questions, answers, passages and so on of a test prompt, together."""
LONGEST_TEXT = 20_000
"""Characters of each of them."""


def is_full(path: Path) -> bool:
    """Whether a file has reached the largest size."""
    return path.exists() and path.stat().st_size >= LARGEST_FILE


def check_size(path: Path) -> None:
    """Check the size of a file of test prompts.

    Raises:
        PromptsInvalid: it is too large.
    """
    if is_full(path):
        what = f"has over {LARGEST_FILE // 1_000_000} MB"
        raise PromptsInvalid(what, path.name, "use a smaller file, or the command `cited evaluate`")


def check_prompts(prompts: Sequence[Prompt], path: Path) -> None:
    """Check the number of test prompts and the length of each.

    Raises:
        PromptsInvalid: there are too many, or some are too long.
    """
    if len(prompts) > MOST_PROMPTS:
        what = f"has {len(prompts):,} questions, more than {MOST_PROMPTS:,}"
        raise PromptsInvalid(what, path.name, "split it, or use the command `cited evaluate`")
    faults = [Fault(None, f"question {prompt.id[:100]!r} {what}") for prompt in prompts if (what := _too_long(prompt))]
    if faults:
        raise PromptsInvalid("has questions that are too long", path.name, "shorten them", faults)


def _too_long(prompt: Prompt) -> str:
    """Return what is too long in a prompt, or ""."""
    texts = [*prompt.history, *prompt.answers, *prompt.passages, *prompt.sources, *prompt.relevance, *prompt.tags]
    if len(prompt.question) > LONGEST_QUESTION:
        return f"has a question of more than {LONGEST_QUESTION:,} characters"
    if len(texts) > MOST_TEXTS:
        return f"has more than {MOST_TEXTS:,} texts"
    if any(len(text) > LONGEST_TEXT for text in (prompt.id, *texts)):
        return f"has a text of more than {LONGEST_TEXT:,} characters"
    return ""
