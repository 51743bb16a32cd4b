"""Judges one reply: its outcome, which of its quotes are right, and how well it ranked the files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import Result

# Characters; a shorter quote occurs in many passages by chance.
SHORTEST_QUOTE_OF_A_PASSAGE: Final = 21
DEPTH: Final = 10
# nDCG's exponential gain, 2^grade - 1: one file that answers outweighs several that are only related.
GAINS: Final = {0: 0, 1: 1, 2: 3, 3: 7}


class Outcome(StrEnum):
    """The outcome of one prompt. For an unjudged prompt only the ranking is measured."""

    RIGHT_QUOTE = "right quote"
    RIGHT_ABSTENTION = "right abstention"
    WRONG_QUOTE = "wrong quote"
    FALSE_REFUSAL = "false refusal"
    FALSE_ANSWER = "false answer"
    UNJUDGED = "ranking only"

    @property
    def right(self) -> bool:
        """Whether the reply was right."""
        return self in (Outcome.RIGHT_QUOTE, Outcome.RIGHT_ABSTENTION)

    @property
    def wrong(self) -> bool:
        """Whether the reply was judged wrong."""
        return not self.right and self is not Outcome.UNJUDGED


class Ranking(NamedTuple):
    """How well one reply ranked the files: values from 0 to 1, see the measures of these names."""

    ndcg10: float
    mrr10: float
    recall10: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """One prompt, the reply to it and the verdict.

    `right_quotes` says for each quote whether it is right; it is empty if
    nothing was quoted or quotes cannot be judged. `ranking` is None if the
    prompt names no files. `needs` says for each of the prompt's needs whether
    the quotes together contain it.
    """

    prompt: Prompt
    result: Result
    outcome: Outcome
    right_quotes: tuple[bool, ...]
    ranking: Ranking | None
    needs: Mapping[str, bool] = field(default_factory=dict, hash=False)

    @property
    def complete(self) -> bool:
        """Whether everything was quoted that the prompt needs."""
        return all(self.needs.values())


def judge(prompts: Sequence[Prompt], results: Sequence[Result]) -> tuple[Judgement, ...]:
    """Judge every prompt that has a result, in the prompts' order."""
    by_id = {result.id: result for result in results}
    pairs = [(prompt, by_id[prompt.id]) for prompt in prompts if prompt.id in by_id]
    rankings = _rankings(pairs)
    judgements = []
    for prompt, result in pairs:
        quoted = () if result.abstained or not prompt.answerable else result.quotes
        right = tuple(is_right_quote(prompt, quote.text) for quote in quoted)
        outcome = _outcome(prompt, abstained=result.abstained, hit=any(right))
        together = plain("\n".join(quote.text for quote in quoted))
        needs = {need: _holds(together, plain(need)) for need in prompt.needs}
        judgements.append(Judgement(prompt, result, outcome, right, rankings.get(ascii(prompt.id)), needs))
    return tuple(judgements)


def _holds(text: str, answer: str) -> bool:
    """Whether a text contains an answer as whole words; both are `plain`.

    "15" and "2.5" do not contain "5", "ineffective" does not contain
    "effective". Word boundaries are checked only next to digits and letters
    with upper and lower case; other scripts do not separate words.
    """
    if not answer:
        return True
    before = r"(?<!\w)(?<!\d[.,])" if _is_spelled(answer[0]) else ""
    after = r"(?!\w)(?![.,]\d)" if _is_spelled(answer[-1]) else ""
    return re.search(before + re.escape(answer) + after, text) is not None


def _is_spelled(character: str) -> bool:
    return character.isdigit() or character.upper() != character


def plain(text: str) -> str:
    """Return text case-folded and with runs of white space as one space, for comparing quotes."""
    return re.sub(r"\s+", " ", text).strip().casefold()


def is_right_quote(prompt: Prompt, text: str) -> bool:
    """Whether a quote is right.

    It must contain one of the prompt's answers as whole words or, if the prompt
    has none, lie inside one of its passages and have at least 21 characters. If
    there are no passages either, it must contain one of the needs.
    """
    quote = plain(text)
    wanted = prompt.answers or (() if prompt.passages else prompt.needs)
    if wanted:
        return any(_holds(quote, plain(each)) for each in wanted)
    long_enough = len(quote) >= SHORTEST_QUOTE_OF_A_PASSAGE
    return long_enough and any(quote in plain(passage) for passage in prompt.passages)


def _outcome(prompt: Prompt, *, abstained: bool, hit: bool) -> Outcome:
    if prompt.unanswerable:
        return Outcome.RIGHT_ABSTENTION if abstained else Outcome.FALSE_ANSWER
    if not prompt.answerable:
        return Outcome.UNJUDGED
    if abstained:
        return Outcome.FALSE_REFUSAL
    return Outcome.RIGHT_QUOTE if hit else Outcome.WRONG_QUOTE


def _rankings(pairs: Sequence[tuple[Prompt, Result]]) -> dict[str, Ranking]:
    """Measure the ranking of every prompt that names files; the keys are `ascii()` of the prompt ids.

    ir-measures calls trec_eval's C code, which crashes on lone surrogates, so
    ids and sources are passed as ASCII.
    """
    graded = {ascii(p.id): {ascii(source): grade for source, grade in p.grades.items()} for p, _ in pairs if p.grades}
    if not graded:
        return {}
    from ir_measures import RR, R, iter_calc, nDCG

    right = {
        ascii(prompt.id): {ascii(source): int(grade >= prompt.right_grade) for source, grade in prompt.grades.items()}
        for prompt, _ in pairs
        if prompt.grades
    }
    run = {
        ascii(result.id): {ascii(source): float(DEPTH - rank) for rank, source in enumerate(result.ranked[:DEPTH])}
        for _, result in pairs
        if ascii(result.id) in graded and result.ranked
    }
    gain, recall = nDCG(gains=GAINS) @ DEPTH, R @ DEPTH
    found = {(metric.query_id, metric.measure): metric.value for metric in iter_calc([gain, recall], graded, run)}
    reciprocal = {metric.query_id: metric.value for metric in iter_calc([RR], right, run)}
    return {
        name: Ranking(found[name, gain], reciprocal[name], found[name, recall] * _out_of_depth(grades))
        for name, grades in graded.items()
    }


def _out_of_depth(grades: Mapping[str, int]) -> float:
    """Return the factor that turns recall at ten into capped recall, which ten places can always reach."""
    relevant = sum(grade > 0 for grade in grades.values())
    return relevant / min(DEPTH, relevant)
