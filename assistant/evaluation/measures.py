"""Measures of the replies to test prompts, each with a 95 % interval.

A measure of given judgements is a statistic of weighted prompts, see `assistant.evaluation.bootstrap`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assistant.evaluation.bootstrap import FloatArray, Statistic, interval, point, resampled_weights
from assistant.evaluation.judge import Judgement
from assistant.schema import State

SHARE: Final = "share"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its function, title, unit, and whether less is better."""

    statistic: Callable[[Sequence[Judgement]], Statistic]
    title: str
    unit: str = SHARE
    less_is_better: bool = False

    @property
    def name(self) -> str:
        """The name in files and options, such as quote_hit."""
        return self.statistic.__name__

    @property
    def definition(self) -> str:
        """What is measured, in one sentence."""
        return (inspect.getdoc(self.statistic) or "").partition("\n\n")[0].replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure's value and 95 % interval; None if undefined."""

    measure: Measure
    value: float | None
    low: float | None
    high: float | None
    prompts: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All measures by name, over all prompts and for each tag."""

    overall: Mapping[str, Estimate]
    by_tag: Mapping[str, Mapping[str, Estimate]]


def score(judgements: Sequence[Judgement]) -> Scores:
    """Estimate every measure over all prompts and by tag."""
    tags = sorted({tag for judgement in judgements for tag in judgement.prompt.tags})
    by_tag = {tag: estimate([each for each in judgements if tag in each.prompt.tags]) for tag in tags}
    return Scores(estimate(judgements), by_tag)


def estimate(judgements: Sequence[Judgement]) -> dict[str, Estimate]:
    """Estimate every measure with its interval."""
    weights = resampled_weights(judgements)
    estimates = {}
    for name, measure in MEASURES.items():
        statistic = measure.statistic(judgements)
        low, high = interval(statistic, weights)
        estimates[name] = Estimate(measure, point(statistic, len(judgements)), low, high, statistic.prompts)
    return estimates


def quote_hit(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions with at least one right quote; an abstention has none.

    Unit: share from 0 to 1.
    Source: the share of questions whose answer is in the retrieved text, Chen et
    al., Reading Wikipedia to Answer Open-Domain Questions (ACL 2017), here for quotes.
    """
    return _share([any(each.right_quotes) if each.prompt.answerable else None for each in judgements])


def first_quote_hit(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions whose first quote is right.

    Unit: share from 0 to 1.
    Source: precision at 1, Manning, Raghavan and Schütze, Introduction to
    Information Retrieval (2008), section 8.4, for quotes in the order shown.
    """
    return _share([any(each.right_quotes[:1]) if each.prompt.answerable else None for each in judgements])


def quote_precision(judgements: Sequence[Judgement]) -> Statistic:
    """Share of right quotes among all quotes given to answerable questions.

    Unit: share from 0 to 1; every quote counts the same.
    Source: precision, Manning, Raghavan and Schütze, Introduction to
    Information Retrieval (2008), section 8.3, pooled over questions.
    """
    parts = [float(sum(each.right_quotes)) for each in judgements]
    return _ratio(parts, [float(len(each.right_quotes)) for each in judgements])


def quotes_per_answer(judgements: Sequence[Judgement]) -> Statistic:
    """Mean number of quotes in an answer to an answerable question.

    Unit: quotes; abstentions are left out.
    Source: the arithmetic mean; the reading that an answer asks of its reader.
    """
    return _mean([float(len(each.result.quotes)) if _answered(each) else None for each in judgements])


def words_per_answer(judgements: Sequence[Judgement]) -> Statistic:
    """Mean number of words (split at white space) in the quotes of an answer to an answerable question.

    Unit: words; abstentions are left out.
    Source: the arithmetic mean; the reading that an answer asks of its reader.
    """
    return _mean([float(_words(each)) if _answered(each) else None for each in judgements])


def complete(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions with needs whose quotes together contain all of them; an abstention has none.

    Unit: share from 0 to 1.
    Source: our own; the recall of an answer's nuggets, Voorhees, Overview of the
    TREC 2003 Question Answering Track (2004), all or nothing.
    """
    return _share([each.complete if each.needs else None for each in judgements])


def words_beyond(judgements: Sequence[Judgement]) -> Statistic:
    """Mean number of words that an answer quotes beyond the needs it contains, over questions with needs.

    Unit: words (split at white space), at least 0 an answer; abstentions are left out.
    Source: our own; the length beyond what the nuggets take, Voorhees, Overview
    of the TREC 2003 Question Answering Track (2004), in words.
    """
    return _mean([_words_beyond(each) if each.needs and _answered(each) else None for each in judgements])


def false_refusal(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions on which the assistant abstained.

    Unit: share from 0 to 1, less is better.
    Source: 1 - coverage, El-Yaniv and Wiener, On the Foundations of Noise-free
    Selective Classification (JMLR 11, 2010), over answerable questions.
    """
    return _share([each.result.abstained if each.prompt.answerable else None for each in judgements])


def false_answer(judgements: Sequence[Judgement]) -> Statistic:
    """Share of unanswerable questions on which the assistant answered.

    Unit: share from 0 to 1, less is better.
    Source: 1 - NoAns accuracy, Rajpurkar, Jia and Liang, Know What You Don't
    Know: Unanswerable Questions for SQuAD (ACL 2018).
    """
    return _share([not each.result.abstained if each.prompt.unanswerable else None for each in judgements])


def answerable_answered(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions that were answered.

    Unit: share from 0 to 1; with the next two it makes 1.
    Source: coverage, El-Yaniv and Wiener, On the Foundations of Noise-free
    Selective Classification (JMLR 11, 2010), over answerable questions.
    """
    return _share([_in_state(each, State.ANSWERED) if each.prompt.answerable else None for each in judgements])


def answerable_uncertain(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions for which one place was shown that may answer; this does not count as an answer.

    Unit: share from 0 to 1, less is better.
    Source: our own; the middle of three states.
    """
    return _share([_in_state(each, State.UNCERTAIN) if each.prompt.answerable else None for each in judgements])


def answerable_unanswered(judgements: Sequence[Judgement]) -> Statistic:
    """Share of answerable questions that were refused outright.

    Unit: share from 0 to 1, less is better.
    Source: our own; false refusals without the uncertain ones.
    """
    return _share([_in_state(each, State.UNANSWERED) if each.prompt.answerable else None for each in judgements])


def unanswerable_uncertain(judgements: Sequence[Judgement]) -> Statistic:
    """Share of unanswerable questions for which one place was shown that may answer; this does not count as an answer.

    Unit: share from 0 to 1, less is better; with false answers and the next it makes 1.
    Source: our own; the middle of three states.
    """
    return _share([_in_state(each, State.UNCERTAIN) if each.prompt.unanswerable else None for each in judgements])


def unanswerable_unanswered(judgements: Sequence[Judgement]) -> Statistic:
    """Share of unanswerable questions that were refused outright.

    Unit: share from 0 to 1.
    Source: NoAns accuracy, Rajpurkar, Jia and Liang, Know What You Don't Know:
    Unanswerable Questions for SQuAD (ACL 2018), without the uncertain ones.
    """
    return _share([_in_state(each, State.UNANSWERED) if each.prompt.unanswerable else None for each in judgements])


def gate_accuracy(judgements: Sequence[Judgement]) -> Statistic:
    """Mean of the share of answerable questions answered and of unanswerable questions refused.

    Unit: share from 0 to 1; chance is one half. Undefined unless there are both kinds.
    Source: Brodersen et al., The Balanced Accuracy and Its Posterior
    Distribution (ICPR 2010).
    """
    refusal, answer = false_refusal(judgements), false_answer(judgements)
    return Statistic(
        lambda weights: 1 - (refusal.of(weights) + answer.of(weights)) / 2, refusal.prompts + answer.prompts
    )


def gate_auroc(judgements: Sequence[Judgement]) -> Statistic:
    """Chance that the gate scores an answerable question above an unanswerable one; a tie counts half.

    Unit: share from 0 to 1; chance is one half. Undefined unless there are both kinds.
    Source: Hanley and McNeil, The Meaning and Use of the Area under a Receiver
    Operating Characteristic Curve (Radiology 143, 1982): the Mann-Whitney statistic.
    """
    scored = [
        each.result.gate_score is not None and (each.prompt.answerable or each.prompt.unanswerable)
        for each in judgements
    ]
    columns = np.flatnonzero(scored)
    scores = np.array([each.result.gate_score for each in judgements], dtype=np.float64)[columns]
    positive = np.array([each.prompt.answerable for each in judgements], dtype=np.float64)[columns]
    order = np.argsort(scores, kind="stable")
    columns, positive = columns[order], positive[order]
    groups = np.flatnonzero(np.diff(scores[order], prepend=np.nan))  # where each distinct score begins

    def of(weights: FloatArray) -> FloatArray:
        if not len(columns):
            return np.full(len(weights), np.nan)
        above = np.add.reduceat(weights[:, columns] * positive, groups, axis=1)
        below = np.add.reduceat(weights[:, columns] * (1 - positive), groups, axis=1)
        won = (above * (np.cumsum(below, axis=1) - below / 2)).sum(axis=1)
        return _divided(won, above.sum(axis=1) * below.sum(axis=1))

    return Statistic(of, len(columns))


def ndcg10(judgements: Sequence[Judgement]) -> Statistic:
    """Gain of the first ten files, discounted by rank, as a share of the best possible gain.

    Unit: share from 0 to 1; a file of grade g gains 2^g - 1, divided by
    log2(rank + 1); the best ranking is that of all the question's graded files.
    Source: Järvelin and Kekäläinen, Cumulated Gain-Based Evaluation of IR
    Techniques (TOIS 20, 2002); gain of Burges et al. (ICML 2005).
    """
    return _mean([each.ranking and each.ranking.ndcg10 for each in judgements])


def mrr10(judgements: Sequence[Judgement]) -> Statistic:
    """Mean of 1 / rank of the first right file among the first ten; 0 if there is none.

    Unit: share from 0 to 1; a file is right from grade 2 up or, if the question
    only names its sources, if it is one of them.
    Source: Voorhees, The TREC-8 Question Answering Track Report (1999).
    """
    return _mean([each.ranking and each.ranking.mrr10 for each in judgements])


def recall10(judgements: Sequence[Judgement]) -> Statistic:
    """Share of the question's files (grade 1 and up) found among the first ten, out of at most ten.

    Unit: share from 0 to 1.
    Source: capped recall, Thakur et al., BEIR (NeurIPS Datasets and Benchmarks 2021).
    """
    return _mean([each.ranking and each.ranking.recall10 for each in judgements])


def understood(judgements: Sequence[Judgement]) -> Statistic:
    """Share of questions marked as leaning on their history or standing alone that were resolved correctly.

    A leaning question counts if its first file or a quote is right, whatever the
    gate decided. A question that stands alone counts if it was searched as typed,
    so its history changed nothing. Unit: share from 0 to 1.
    Source: our own; success at 1 for questions in context, as in the judged
    conversations of Dalton et al., TREC CAsT 2019 (2020), and its counterpart.
    """
    return _share([_understood(each) for each in judgements])


def _understood(judgement: Judgement) -> bool | None:
    prompt, asked = judgement.prompt, judgement.result.asked
    if prompt.leans is None or (prompt.leans and not (prompt.answerable or prompt.grades)):
        return None
    if prompt.leans:
        return any(judgement.right_quotes) or (judgement.ranking is not None and judgement.ranking.mrr10 == 1)
    return None if asked is None else asked.split() == prompt.question.split()


def _words(judgement: Judgement) -> int:
    return sum(len(quote.text.split()) for quote in judgement.result.quotes)


def _words_beyond(judgement: Judgement) -> float:
    needed = sum(len(need.split()) for need, quoted in judgement.needs.items() if quoted)
    return float(max(0, _words(judgement) - needed))


def _in_state(judgement: Judgement, state: State) -> bool:
    return judgement.result.state is state


def _answered(judgement: Judgement) -> bool:
    return judgement.prompt.answerable and not judgement.result.abstained


def _share(values: Sequence[bool | None]) -> Statistic:
    """Return the share of true values, ignoring None."""
    hits = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return replace(_mean(values), hits=hits)


def _mean(values: Sequence[float | None]) -> Statistic:
    """Average one value per prompt, ignoring None."""
    return _ratio([value or 0.0 for value in values], [float(value is not None) for value in values])


def _ratio(parts: Sequence[float], wholes: Sequence[float]) -> Statistic:
    """Divide the sum of parts by the sum of wholes, one of each per prompt; prompts without a whole do not count."""
    part, whole = np.array(parts, dtype=np.float64), np.array(wholes, dtype=np.float64)
    return Statistic(lambda weights: _divided(weights @ part, weights @ whole), int(np.count_nonzero(whole)))


def _divided(parts: FloatArray, wholes: FloatArray) -> FloatArray:
    quotients: FloatArray = np.full(len(parts), np.nan)
    np.divide(parts, wholes, out=quotients, where=wholes > 0)
    return quotients


MEASURES: Final[Mapping[str, Measure]] = {
    measure.name: measure
    for measure in (
        Measure(quote_hit, "Quote hit rate"),
        Measure(first_quote_hit, "First-quote hit rate"),
        Measure(quote_precision, "Quote precision"),
        Measure(quotes_per_answer, "Quotes per answer", "quotes", less_is_better=True),
        Measure(words_per_answer, "Words per answer", "words", less_is_better=True),
        Measure(complete, "Complete answers"),
        Measure(words_beyond, "Words beyond the needs", "words", less_is_better=True),
        Measure(false_refusal, "False refusals", less_is_better=True),
        Measure(false_answer, "False answers", less_is_better=True),
        Measure(answerable_answered, "Answerable: answered"),
        Measure(answerable_uncertain, "Answerable: uncertain", less_is_better=True),
        Measure(answerable_unanswered, "Answerable: unanswered", less_is_better=True),
        Measure(unanswerable_uncertain, "Unanswerable: uncertain", less_is_better=True),
        Measure(unanswerable_unanswered, "Unanswerable: unanswered"),
        Measure(gate_accuracy, "Gate accuracy"),
        Measure(gate_auroc, "Gate AUROC"),
        Measure(ndcg10, "nDCG@10"),
        Measure(mrr10, "Reciprocal rank@10"),
        Measure(recall10, "Recall@10"),
        Measure(understood, "Follow-ups understood"),
    )
}
