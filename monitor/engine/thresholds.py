"""When a measurement is an alert: an effect that matters, and evidence within the budget.

Both are needed. The smallest effect that matters stands in a table per detector and method, or is
declared as a KPI bound. The evidence is a p-value below a level, and the level is not typed in: it
spends the false alarms a month that the user accepts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, log

from monitor.core.findings import Finding, Measurement, Severity, Worse
from monitor.core.spec import MONTH, ModelSpec
from monitor.core.windows import Window
from monitor.engine.wording import message

LOOKS = 2
"""How often a window is looked at: once over, and once more because rows came late."""
FEWEST_LABELLED, GROWTH = 30, 1.25
"""Performance is judged from so many labelled rows on, and again when there are a quarter more."""
LABELLED_SHARE, STREAM_SHARE, TRAFFIC_SHARE, ARRIVAL_SHARE = 0.4, 0.1, 0.05, 0.02
"""Of the budget: for windows of rows with actuals, for the stream of losses, for traffic,
and for how long actuals take."""
UNLABELLED_SHARE = 1 - LABELLED_SHARE - STREAM_SHARE - TRAFFIC_SHARE - ARRIVAL_SHARE
"""Of the budget: for the other detectors of windows."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The smallest effect that matters: `times` what is expected, and `offset` to the worse side.

    Where nothing is expected, `unknown` is the threshold; None never alerts.
    """

    times: float
    offset: float
    unknown: float | None = None

    def threshold(self, expected: float | None, worse: Worse) -> float | None:
        """The value past which a measurement matters.

        >>> Effect(1, 0.03).threshold(0.8, Worse.BELOW)
        0.77
        """
        if expected is None:
            return self.unknown
        side = 1 if worse is Worse.ABOVE else -1
        return round(self.times * expected + side * self.offset, 12)


def _at(value: float) -> Effect:
    return Effect(0, value, value)


def _beyond(offset: float, unknown: float | None = None) -> Effect:
    return Effect(1, offset, unknown)


def _times(factor: float) -> Effect:
    return Effect(factor, 0)


_DISTANCES = {
    "jensen_shannon": _at(0.1),
    "kolmogorov_smirnov": _at(0.1),
    "wasserstein": _at(0.2),  # standard deviations of the reference
    "psi": _at(0.1),
    "chi_square": _at(0.1),  # Cramer's V
    "hellinger": _at(0.1),
    "l_infinity": _at(0.1),
    "mean_distance": _at(0.2),  # standard deviations of the reference
    "length": _at(0.1),
    "vocabulary": _beyond(0.05),
    "classifier": _beyond(0.05),  # AUC beyond .5, which is guessing
    "not_compared": Effect(0, 0),  # says what is unknown: never an alert
    "": _at(0.1),
}
_KPIS = {
    "": _beyond(0.03),
    "business_value": _beyond(0),  # in the user's money: any loss that is no accident
    "log_loss": _times(1.1),
    "brier": _times(1.1),
    "mae": _times(1.1),
    "mse": _times(1.1),
    "rmse": _times(1.1),
    "mape": _times(1.1),
}
SMALLEST: Mapping[str, Mapping[str, Effect]] = {
    "quality.schema": {"missing_column": _beyond(0.005, unknown=0.0), "": _at(0)},
    "quality.missing": {"nonfinite": _at(0), "": _beyond(0.005)},
    "quality.range": {"unit": _at(0.3), "": _at(0)},
    "quality.duplicate": {"": _beyond(0.005)},
    "quality.constant": {"": _at(0.005)},
    "quality.volume": {"fell": _at(0.5), "rose": _at(0.8)},
    "quality.freshness": {
        "lag": Effect(3, 0.1),
        "label_coverage": _times(0.5),
        "": _at(0),
    },
    "quality": {"": _at(0)},
    "anomaly.row": {"extreme": _beyond(0.002), "": _beyond(0.02)},
    "drift.univariate": _DISTANCES,
    "drift.prediction": _DISTANCES,
    "drift.multivariate": {"reconstruction": _at(0.1), "classifier": _beyond(0.05)},
    "drift.concept": _KPIS,
    "performance": _KPIS,
    "resource.latency": {"": _times(1.5)},
    "resource": {"": Effect(1, 0)},
}
"""By detector, else by its family; by method, else by the empty one."""

_NAMED = frozenset({"resource.memory", "resource.cpu", "resource.cost"})
"""Detectors whose last name stands before the method where a spec bounds it."""

CRITICAL_SHARE = {"quality": 0.5, "anomaly": 0.5}
"""An alert of these families is critical from this share of rows on."""
CRITICAL_TIMES = {"performance": 0.0, "drift": 3.0, "resource": 3.0}
"""An alert of these families is critical past so many times its threshold; 0 is always."""


@dataclass(frozen=True, slots=True)
class Place:
    """What was looked at: a version in a window, and how many rows it had there."""

    model: str
    version: str
    window: Window
    rows: int


def level(spec: ModelSpec, tests: int, looks: int = LOOKS, share: float = 1.0) -> float:
    """The p-value up to which one of `tests` tests of a window, looked at `looks` times, alerts.

        level = share of the budget / (windows a month * looks * tests)

    Guarantee  with valid p-values and nothing changed, the expected number of false alarms a
               month is at most the budget, whatever depends on what.
    Source     Boole's inequality; Bonferroni, Pubbl. R. Ist. Sup. Sci. Econ. Comm. Firenze 8
               (1936) 3.

    >>> from monitor.core.spec import Task
    >>> round(level(ModelSpec(Task.BINARY), tests=10), 7)  # one alarm in 720 windows
    6.94e-05
    """
    windows = max(1.0, MONTH / spec.window.every)
    budget = spec.alerts.false_alarms_per_month * share
    return min(1.0, budget / (windows * max(1, looks) * max(1, tests)))


def labelled_looks(rows: int) -> int:
    """How often performance of a window with so many rows can be judged, at most.

    >>> labelled_looks(30), labelled_looks(30_000)
    (1, 32)
    """
    return 1 + ceil(log(max(1.0, rows / FEWEST_LABELLED), GROWTH))


def declared_kpi(detector: str, method: str) -> str:
    """The name under which a spec may bound what a detector measures.

    >>> declared_kpi("resource.latency", "p99")
    'latency_p99_ms'
    """
    if detector == "resource.latency":
        return f"latency_{method}_ms"
    kind = detector.partition(".")[2]
    return f"{kind}_{method}" if detector in _NAMED else method


def declared(spec: ModelSpec, detector: str, measured: Measurement) -> float | None:
    """The bound of the spec that a measurement has to keep, if there is one."""
    if detector.partition(".")[0] not in {"performance", "resource"}:
        return None
    bound = spec.kpis.get(declared_kpi(detector, measured.method))
    if bound is None:
        return None
    return bound.max if measured.worse is Worse.ABOVE else bound.min


def sided(spec: ModelSpec, detector: str, measured: Measurement) -> Measurement:
    """The measurement, worse on the side of the declared bound where either side may be bad.

    That is how many answers there are: too few is bad where only a least is declared, or where
    both are and the value is below it.

    >>> from monitor.core.spec import Bound, Task
    >>> spec = ModelSpec(Task.BINARY, kpis={"rows_per_second": Bound(min=100)})
    >>> str(sided(spec, "resource.throughput", Measurement("rows_per_second", 0.05)).worse)
    'below'
    """
    bound = spec.kpis.get(measured.method)
    if detector != "resource.throughput" or bound is None or bound.min is None:
        return measured
    if bound.max is None or measured.value < bound.min:
        return replace(measured, worse=Worse.BELOW)
    return measured


def smallest(detector: str, measured: Measurement) -> float | None:
    """The threshold from the table; what nobody entered may not be worse than expected, or 0."""
    effects = SMALLEST.get(detector) or SMALLEST.get(detector.partition(".")[0]) or {}
    effect = effects.get(measured.method) or effects.get("") or _beyond(0, unknown=0.0)
    return effect.threshold(measured.expected, measured.worse)


def is_past(measured: Measurement, threshold: float) -> bool:
    """Whether even the favourable end of the interval lies on the worse side."""
    if measured.worse is Worse.ABOVE:
        return (measured.value if measured.low is None else measured.low) > threshold
    return (measured.value if measured.high is None else measured.high) < threshold


def judge(
    spec: ModelSpec, place: Place, detector: str, measured: Measurement, level: float
) -> Finding:
    """The finding that a measurement becomes; a declared bound needs no p-value."""
    measured = sided(spec, detector, measured)
    bound = declared(spec, detector, measured)
    threshold = smallest(detector, measured) if bound is None else bound
    likely = measured.p_value is None or bound is not None or measured.p_value <= level
    alert = threshold is not None and likely and is_past(measured, threshold)
    return Finding(
        model=place.model,
        version=place.version,
        window=place.window,
        rows=place.rows,
        detector=detector,
        measured=measured,
        threshold=threshold,
        level=None if measured.p_value is None or bound is not None else level,
        alert=alert,
        severity=severity(detector, measured, threshold) if alert else Severity.INFO,
        message=message(spec, detector, measured, threshold, alert),
    )


def severity(detector: str, measured: Measurement, threshold: float | None) -> Severity:
    """How bad an alert is."""
    family = detector.partition(".")[0]
    if family in CRITICAL_SHARE:
        critical = measured.value >= CRITICAL_SHARE[family]
    else:
        times = CRITICAL_TIMES.get(family, 3.0)
        limit = threshold or measured.expected or 0
        above = measured.worse is Worse.ABOVE
        value, limit = (measured.value, limit) if above else (limit, measured.value)
        if measured.method == "classifier":
            value, limit = value - 0.5, limit - 0.5  # guessing gives a half, and is nothing
        critical = times == 0 or value > times * limit
    return Severity.CRITICAL if critical else Severity.WARNING
