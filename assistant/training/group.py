"""What a cross-encoder learns from: a question, texts that answer it and texts that do not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assistant.training.cases import Case


@dataclass(frozen=True, slots=True)
class Group:
    """A question with right and wrong texts, the hardest wrong ones first; without right ones nothing answers it."""

    question: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]


def groups(cases: Iterable[Case]) -> Iterator[Group]:
    """Yield what can be learnt from cases: not those whose answer was not among the sentences that were read."""
    for case in cases:
        right = tuple(text for text, answers in zip(case.texts, case.right, strict=True) if answers)
        wrong = tuple(text for text, answers in zip(case.texts, case.right, strict=True) if not answers)
        if right or (wrong and case.prompt.unanswerable):
            yield Group(case.prompt.question, right, wrong)
