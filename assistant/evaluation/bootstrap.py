"""Statistics of weighted prompts, and their 95 % intervals: exact for plain shares, bootstraps for all others.

With all weights 1 a statistic is the measure itself; with the weights of a
bootstrap resample (how often each prompt was drawn) it is the measure of that
resample. All resamples of a measure are thus one matrix product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.judge import Judgement

FloatArray = NDArray[np.float64]

# With 2,000 resamples the ends of a 95 % interval vary by about a twentieth of its half-width.
RESAMPLES: Final = 2_000
SEED: Final = 20_200
CONFIDENCE: Final = 0.95
PERCENTILES: Final = (2.5, 97.5)

Interval = tuple[float | None, float | None]
"""The ends of a 95 % interval, or None twice where there is none."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A measure applied to given judgements.

    `of` maps weights, shape (resamples, prompts), to values, shape
    (resamples,), NaN where undefined. `prompts` counts the prompts it uses.
    `hits` has, for a plain share, a 1 or 0 for each prompt and NaN for those
    that do not count; it is None for all other measures.
    """

    of: Callable[[FloatArray], FloatArray]
    prompts: int
    hits: FloatArray | None = None


def point(statistic: Statistic, prompts: int) -> float | None:
    """Return a statistic with every prompt counted once; None if undefined."""
    value = float(statistic.of(np.ones((1, prompts)))[0])
    return None if np.isnan(value) else value


def resampled_weights(judgements: Sequence[Judgement], *, seed: int = SEED) -> FloatArray:
    """Return how often each prompt is drawn in each resample: shape (resamples, prompts).

    Answerable, unanswerable and other prompts are drawn separately, each as
    many as there are, because their numbers are fixed by the file of prompts.
    """
    draw = np.random.default_rng(seed)
    kinds = np.array([2 * each.prompt.unanswerable + each.prompt.answerable for each in judgements], dtype=np.int64)
    weights = np.zeros((RESAMPLES, len(judgements)))
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        weights[:, members] = draw.multinomial(len(members), np.full(len(members), 1 / len(members)), RESAMPLES)
    return weights


def interval(statistic: Statistic, weights: FloatArray) -> Interval:
    """Return the interval of a statistic; of a share the exact one, of others the bootstrap's."""
    if statistic.hits is not None:
        return share_interval(int(np.nansum(statistic.hits)), statistic.prompts)
    return bootstrap_interval(statistic, weights)


def change_interval(old: Statistic, new: Statistic, weights: FloatArray) -> Interval:
    """Return the interval of a statistic's change over the same prompts; exact if it is a share of the same ones.

    It is that of the share of changes to 1 among all changes, and so excludes
    0 only if McNemar's exact test finds the change to be more than chance.
    Without any change it is that of finding none.

    Source: the bootstrap of paired differences, Efron and Tibshirani, An
    Introduction to the Bootstrap (1993), chapter 13.
    """
    changed = None if old.hits is None or new.hits is None else new.hits - old.hits
    if changed is None or np.count_nonzero(~np.isnan(changed)) != old.prompts or old.prompts != new.prompts:
        return bootstrap_interval(
            Statistic(lambda drawn: new.of(drawn) - old.of(drawn), min(old.prompts, new.prompts)), weights
        )
    changes = int(np.nansum(np.abs(changed)))
    if not changes:
        _, most = share_interval(0, old.prompts)
        return (None, None) if most is None else (-most, most)
    low, high = share_interval(int(np.nansum(changed > 0)), changes)
    assert low is not None
    assert high is not None
    return (2 * low - 1) * changes / old.prompts, (2 * high - 1) * changes / old.prompts


def share_interval(hits: int, prompts: int) -> Interval:
    """Return the exact interval of a share; none without prompts.

    Source: Clopper and Pearson, The Use of Confidence or Fiducial Limits
    Illustrated in the Case of the Binomial (Biometrika 26, 1934).
    """
    if not prompts:
        return None, None
    from scipy.special import betaincinv  # all that `binomtest` needs of scipy.stats, which takes 36 MB more

    outside = (1 - CONFIDENCE) / 2
    low = betaincinv(hits, prompts - hits + 1, outside) if hits else 0.0
    high = betaincinv(hits + 1, prompts - hits, 1 - outside) if hits < prompts else 1.0
    return float(low), float(high)


def bootstrap_interval(statistic: Statistic, weights: FloatArray) -> Interval:
    """Return the percentile interval over the resamples in which a statistic is defined.

    There is none if all of them agree, which says nothing of other prompts, or
    with fewer than two prompts.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    values = statistic.of(weights)
    defined = values[~np.isnan(values)]
    if statistic.prompts < 2 or not len(defined) or np.ptp(defined) == 0:
        return None, None
    low, high = np.percentile(defined, PERCENTILES)
    return float(low), float(high)
