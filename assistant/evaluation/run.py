"""Runs test prompts, checks the results against demands, and calibrates the gate."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.evaluation.measures import MEASURES, Estimate
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import QuotedText, Result
from assistant.schema import Answer, Answering, Quote, State
from ingest.errors import PromptsInvalid, SettingsInvalid


def run_prompts(assistant: Answering, prompts: Sequence[Prompt]) -> Iterator[Result]:
    """Ask the prompts one by one; closing the iterator cancels the run."""
    for prompt in prompts:
        began = time.perf_counter()
        if prompt.history:
            answer = assistant.ask(prompt.question, history=prompt.history)
        else:
            answer = assistant.ask(prompt.question)
        yield _result(prompt, answer, milliseconds=(time.perf_counter() - began) * 1_000)


def evaluate(
    assistant: Answering, prompts: Sequence[Prompt], on_progress: Callable[[int, int], None] | None = None
) -> tuple[Result, ...]:
    """Ask every prompt and return the results in the same order.

    Args:
        assistant: the assistant to evaluate.
        prompts: the prompts to ask.
        on_progress: called after each prompt with the numbers done and in total.
    """
    results = []
    for result in run_prompts(assistant, prompts):
        results.append(result)
        if on_progress is not None:
            on_progress(len(results), len(prompts))
    return tuple(results)


def _result(prompt: Prompt, answer: Answer, *, milliseconds: float) -> Result:
    return Result(
        id=prompt.id,
        question=prompt.question,
        abstained=answer.abstention is not None,
        ranked=answer.ranked,
        quotes=tuple(_quoted(quote) for quote in answer.quotes),
        gate_score=answer.gate_score,
        milliseconds=round(milliseconds, 3),
        asked=answer.question,
        uncertain=answer.state is State.UNCERTAIN,
    )


def _quoted(quote: Quote) -> QuotedText:
    evidence = quote.evidence
    root = evidence.passage.root
    return QuotedText(quote.source, quote.text, evidence.start, evidence.end, quote.line, quote.page, root)


@dataclass(frozen=True, slots=True)
class Demand:
    """The least value that a measure must have, or the highest if less is better."""

    measure: str
    value: float

    def unmet(self, estimate: Estimate) -> str | None:
        """Describe how the estimate misses the demand; None if it meets it. An undefined measure misses it."""
        title, least = estimate.measure.title, not estimate.measure.less_is_better
        if estimate.value is None:
            return f"{self.measure} ({title}) is undefined: no question measures it"
        if estimate.value >= self.value if least else estimate.value <= self.value:
            return None
        relation = "below" if least else "above"
        return f"{self.measure} ({title}) is {estimate.value:.4g}, {relation} {self.value:g}"


def parse_demand(text: str) -> Demand:
    """Read MEASURE=VALUE, such as quote_hit=0.8.

    The measure must be at least the value or, if less is better, at most the value.

    Raises:
        SettingsInvalid: the measure is unknown or the value is not a number.
    """
    name, _, value = (part.strip() for part in text.partition("="))
    if name not in MEASURES:
        raise SettingsInvalid(f"there is no measure {name!r}", "--fail-under", f"name one of {', '.join(MEASURES)}")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SettingsInvalid(f"{value!r} is not a number", "--fail-under", f"write for example {name}=0.8")
    return Demand(name, number)


def unmet(demands: Sequence[Demand], estimates: Mapping[str, Estimate]) -> tuple[str, ...]:
    """Describe every demand that is not met."""
    misses = (demand.unmet(estimates[demand.measure]) for demand in demands)
    return tuple(miss for miss in misses if miss is not None)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of the gate (it answers at this score or above) and its two error rates on the prompts."""

    value: float
    false_answer: float
    false_refusal: float


def calibrate(prompts: Sequence[Prompt], results: Sequence[Result], wanted_false_answer_rate: float) -> Threshold:
    """Choose the gate's threshold from the results of prompts, see `choose_threshold`.

    Prompts for which only the ranking is measured and results without a score do not count.
    """
    scores = {result.id: result.gate_score for result in results}
    judged = [prompt for prompt in prompts if prompt.answerable or prompt.unanswerable]
    pairs = [(score, p.answerable) for p in judged if (score := scores.get(p.id)) is not None]
    return choose_threshold([score for score, _ in pairs], [kind for _, kind in pairs], wanted_false_answer_rate)


def choose_threshold(scores: Sequence[float], answerable: Sequence[bool], wanted_false_answer_rate: float) -> Threshold:
    """Choose the lowest threshold at which at most the wanted share of unanswerable prompts is answered.

    It is midway between the lowest score that passes and the next lower one,
    which leaves a margin on both sides for other questions of the same corpus.

    Args:
        scores: the gate's scores, one per prompt.
        answerable: for each prompt, whether it is answerable or unanswerable.
        wanted_false_answer_rate: the highest acceptable share of unanswerable prompts answered, from 0 to 1.

    Raises:
        PromptsInvalid: there are no answerable or no unanswerable prompts.
        ValueError: the rate is not from 0 to 1, or the lengths differ.
    """
    if not 0 <= wanted_false_answer_rate <= 1:
        raise ValueError(f"the rate of false answers must be from 0 to 1, not {wanted_false_answer_rate}")
    pairs = list(zip(scores, answerable, strict=True))
    right = [score for score, kind in pairs if kind]
    wrong = [score for score, kind in pairs if not kind]
    if not right or not wrong:
        kind = "answerable" if not right else "unanswerable"
        raise PromptsInvalid(f"there is no {kind} question", "", "add some: calibrating needs both kinds")
    levels = sorted({*right, *wrong})
    allowed = [s for s in levels if sum(w >= s for w in wrong) / len(wrong) <= wanted_false_answer_rate]
    lowest = allowed[0] if allowed else math.nextafter(levels[-1], math.inf)
    below = [score for score in levels if score < lowest]
    midway = allowed and below
    value = max((below[-1] + lowest) / 2, math.nextafter(below[-1], math.inf)) if midway else lowest
    return Threshold(
        value,
        false_answer=sum(score >= value for score in wrong) / len(wrong),
        false_refusal=sum(score < value for score in right) / len(right),
    )
