"""Shares that are judged only where chance is ruled out: the model, and its formulas as expressions.

A share is judged by the lower bound of its confidence interval: one-sided, after Wilson (1927). It is the
share that is exceeded with the given confidence. Few events give a low bound, however many of them are bad.
"""

from collections.abc import Sequence
from functools import cached_property
from statistics import NormalDist
from typing import Annotated, Self

from pydantic import Field, model_validator

from prometheus.config_file import ConfigModel

Expression = Annotated[str, Field(min_length=3)]
TRIFLE = 1 + 1e-9  # what exceeds a bound is greater than it


class Significance(ConfigModel):
    """How sure a judgement has to be."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.99
    failures: Annotated[int, Field(ge=1)] = 6  # bad events without which nothing is judged

    @cached_property
    def z(self) -> float:
        """The quantile of the normal distribution at this confidence."""
        return NormalDist().inv_cdf(self.confidence)

    @property
    def least(self) -> float:
        """The number that a count must reach: rate() extrapolates, so that 6 can read as 5.8 and 5 as 5.2."""
        return self.failures - 0.5

    def lower(self, bad: str, total: str, on: str) -> str:
        """The share that is exceeded with this confidence; nothing where fewer than `failures` are bad."""
        return self.lower_of(f"({self.enough(bad)})", total, on)

    def enough(self, bad: str) -> str:
        """The bad events where they are at least `failures`."""
        return f"{bad} >= {self.least:g}"

    def lower_of(self, enough: str, total: str, on: str) -> str:
        """The same of bad events that are known to be enough."""
        return self._bound(enough, total, on, "-")

    def upper(self, bad: str, total: str, on: str) -> str:
        """The share that is not reached with this confidence."""
        return self._bound(bad, total, on, "+")

    def _bound(self, bad: str, total: str, on: str, sign: str) -> str:
        square = self.z**2
        spread = (
            f"sqrt(clamp_min({bad} - {bad} ^ 2 / {on} (clamp_min({total}, 1) > 0), 0) + {square / 4:.7g})"
        )
        share = f"{bad} + {square / 2:.7g} {sign} {self.z:.7g} * {spread}"
        return f"(({share}) / {on} ({total} + {square:.7g} > 0))"


class Share(ConfigModel):
    """Events of which some are bad: their counts, by the labels of the signal.

    Either `bad` counts the bad ones. Or `within` counts the events by bucket of their duration, and the value
    of the signal is the greatest bucket bound that more than `limit` of the events exceed.
    """

    total: Expression
    bad: Expression | None = None
    within: Expression | None = None
    limit: Annotated[float, Field(gt=0, lt=1)] | None = None
    lasting: bool = False  # also judged over five minutes, by the recorded series of modules
    significance: Significance = Significance()

    @model_validator(mode="after")
    def one_kind(self) -> Self:
        """Either bad events or buckets with a limit."""
        if (self.bad is None) == (self.within is None) or (self.within is None) != (self.limit is None):
            raise ValueError("expected either bad, or within and limit")
        return self

    def keys(self, by: Sequence[str]) -> str:
        """The labels by which the share is computed."""
        return ", ".join([*by, "le"] if self.within else by)

    def latest(self, by: Sequence[str]) -> str:
        """The share as it stands, without any bound."""
        if self.bad:
            return f"({self.bad}) / ({self.total} > 0)"
        return f"1 - ({self.within}) / on ({', '.join(by)}) group_left () ({self.total} > 0)"

    def value(self, share: str, total: str, by: Sequence[str]) -> str:
        """The value of the signal from its share: the share, or the greatest bound that too many exceed."""
        return exceeded_bound(share, total, ", ".join(by), self.limit) if self.limit else share


def exceeded_bound(share: str, total: str, by: str, limit: float) -> str:
    """The greatest bucket bound that more than `limit` of the events exceed; nothing where there is none.

    PromQL has no number of a label. But a histogram whose events all lie behind its finite buckets has the
    greatest of their bounds as its quantiles. The result is greater by a trifle, as durations are.
    `share` has no labels but those of `by` and `le`.
    """
    behind = f'label_replace(max by ({by}) ({total}) ^ 0, "le", "+Inf", "", "")'
    return f"{TRIFLE:.10g} * histogram_quantile(0.5, 0 * ({share} > {limit:g}) or {behind}) > 0"


def lesser(one: str, other: str, keys: str) -> str:
    """The lesser of two shares, where both exist; `other` is evaluated once."""
    return f"({one} - on ({keys}) clamp_min({one} - on ({keys}) {other}, 0))"


def greater(one: str, other: str, keys: str) -> str:
    """The greater of two shares that differ in a label, or the only one."""
    return f"max by ({keys}) ({one} or {other})"
