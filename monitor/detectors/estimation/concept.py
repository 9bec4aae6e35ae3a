"""What is left of a change once shifted features are accounted for: features relate otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import norm

from monitor.core.findings import Worse
from monitor.detectors.performance.estimates import Estimate, Z


@dataclass(frozen=True, slots=True)
class Gap:
    """Realized minus estimated, its 95 % interval, and the chance of one this bad by accident."""

    value: float
    low: float
    high: float
    p_value: float


def gap(realized: Estimate, estimated: Estimate, worse: Worse) -> Gap:
    """How much worse a KPI is than features explain, on the same rows.

        z = (realized - estimated) / error of the estimate

    The estimate's error is that of a forecast: what the labels of these very rows may do is in it,
    so the realized value brings none of its own.

    Value    in the unit of the KPI; 0 where features explain all.
    Noise    the p-value is below a in at most about a share a of windows whose features alone
             shifted (`benchmarks/estimation`).
    Source   definition.

    >>> seen, said = (Estimate(v, v - 0.1, v + 0.1, 0.05, 100) for v in (0.8, 0.9))
    >>> found = gap(seen, said, Worse.BELOW)
    >>> round(found.value, 3), round(found.p_value, 3)
    (-0.1, 0.023)
    """
    value, error = realized.value - estimated.value, estimated.error
    side = 1 if worse is Worse.ABOVE else -1
    if error <= 0:
        chance = 0.5 if side * value <= 0 else 0.0
    else:
        chance = float(norm.sf(side * value / error))
    return Gap(value, value - Z * error, value + Z * error, chance)


def gaps(
    realized: Mapping[str, Estimate], estimated: Mapping[str, Estimate], worse: Mapping[str, Worse]
) -> Mapping[str, Gap]:
    """The gap of every KPI that is in all three, by name."""
    return {
        name: gap(realized[name], estimated[name], side)
        for name, side in worse.items()
        if name in realized and name in estimated
    }


def chance(found: Mapping[str, Gap]) -> float:
    """The chance of a gap as bad as the worst by accident, among so many (Bonferroni); 1 of none.

    >>> chance({"accuracy": Gap(-0.1, -0.2, 0.0, 0.02), "roc_auc": Gap(0.0, -0.1, 0.1, 0.5)})
    0.04
    """
    return min([1.0, *(len(found) * g.p_value for g in found.values())])
