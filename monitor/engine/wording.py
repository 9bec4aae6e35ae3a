"""What a finding says: one plain sentence with its numbers, the feature first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.core.findings import Measurement, Worse
from monitor.core.spec import FeatureSpec, ModelSpec

_SHOWN = 3
"""Values named in a sentence; the evidence has them all."""
_SUBJECTS = {
    "drift.univariate": "features",
    "drift.multivariate": "features together",
    **dict.fromkeys(
        ("anomaly.row", "quality.duplicate", "quality.volume", "quality.freshness"), "rows"
    ),
}
_METHODS = {"l_infinity": "largest gap", "psi": "PSI", "chi_square": "Cramer's V"}


@dataclass(frozen=True, slots=True)
class _Case:
    spec: ModelSpec
    measured: Measurement
    threshold: float | None
    alert: bool


def message(
    spec: ModelSpec, detector: str, measured: Measurement, threshold: float | None, alert: bool
) -> str:
    """The sentence of a finding.

    >>> from monitor.core.spec import Task
    >>> much = Measurement("share", 0.12, "age", expected=0.01)
    >>> message(ModelSpec(Task.BINARY), "quality.missing", much, 0.03, alert=True)
    'age: missing in 12 % of rows, 1 % in the reference'
    """
    say = _SENTENCES.get(detector) or _SENTENCES.get(detector.partition(".")[0]) or _anything
    where = f" where {measured.segment}" if measured.segment else ""
    return f"{_subject(detector, measured)}{where}: {say(_Case(spec, measured, threshold, alert))}"


def unmeasured(detector: str, measured: Measurement) -> str:
    """The sentence of a finding whose window was checked again without it.

    >>> unmeasured("quality.range", Measurement("share", 0.12, "age"))
    'age: no longer measured'
    """
    where = f" where {measured.segment}" if measured.segment else ""
    return f"{_subject(detector, measured)}{where}: no longer measured"


def share(value: float) -> str:
    """A share in percent.

    >>> share(0.5), share(0.0123), share(0.00001), share(0)
    ('50 %', '1.23 %', 'under 0.01 %', '0 %')
    """
    return f"{100 * value:.3g} %" if value >= 0.0001 or value <= 0 else "under 0.01 %"


def number(value: float) -> str:
    """A number in four digits, without an exponent where it stays readable.

    >>> number(0.12345), number(1234567), number(1e-9)
    ('0.1235', '1,234,567', '1e-09')
    """
    if 1000 <= abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def listed(names: Sequence[str], shown: int = _SHOWN) -> str:
    """Names in a row of words.

    >>> listed(["a"]), listed(["a", "b"]), listed(list("abcde"))
    ('a', 'a and b', 'a, b, c and 2 more')
    """
    if len(names) > shown:
        return f"{', '.join(names[:shown])} and {len(names) - shown} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _subject(detector: str, measured: Measurement) -> str:
    if measured.feature is not None:
        return measured.feature
    match detector:
        case "drift.prediction":
            return str(measured.evidence.get("of", "prediction"))
        case "drift.concept":
            return str(measured.evidence.get("of", "loss"))
        case "resource.latency":
            return f"latency {measured.method}"
    if measured.method == "label_coverage":
        return "labels"
    return _SUBJECTS.get(detector, measured.method)


def _schema(case: _Case) -> str:
    m = case.measured
    if m.method.startswith("rule:"):
        return f"broken in {share(m.value)} of rows{_known(m)}: {m.evidence.get('rule')}"
    if m.method == "swapped":
        return f"holds the values of {m.evidence.get('like')}: the columns seem to be swapped"
    return _column(case)


def _column(case: _Case) -> str:
    m = case.measured
    if m.method == "extra_column" and "renamed" in m.evidence:
        return f"nobody knows this column; perhaps {m.evidence['renamed']} under another name"
    if m.method == "extra_column" and m.feature is None:
        return f"{share(m.value)} of rows hold more features than are watched: they are only kept"
    if m.method == "extra_column":
        return "neither the spec nor the reference knows this column"
    if m.value >= 1:
        return "the column is missing in every row"
    return f"the column is missing in {share(m.value)} of rows{_known(m)}"


def _type(case: _Case) -> str:
    m = case.measured
    kind = case.spec.features.get(m.feature or "", FeatureSpec()).type
    return f"{share(m.value)} of values do not fit the type {kind or 'of the feature'}"


def _missing(case: _Case) -> str:
    m = case.measured
    what = "NaN or infinite" if m.method == "nonfinite" else "missing"
    return f"{what} in {share(m.value)} of rows{_known(m)}"


def _range(case: _Case) -> str:
    m = case.measured
    if m.method == "unit":
        return f"all values look as after a change of unit: {m.evidence.get('unit')}"
    feature = case.spec.features.get(m.feature or "", FeatureSpec())
    low = "any" if feature.min is None else number(feature.min)
    high = "any" if feature.max is None else number(feature.max)
    least, most = m.evidence.get("minimum"), m.evidence.get("maximum")
    seen = isinstance(least, int | float) and isinstance(most, int | float)
    tail = f"; seen {least:.6g} to {most:.6g}" if seen else ""
    return f"{share(m.value)} of values lie outside {low} to {high}{tail}"


def _category(case: _Case) -> str:
    m = case.measured
    values = m.evidence.get("values")
    if not isinstance(values, list) or not values:
        return "every value is known"
    named = [_value(v) for v in values]
    what = "value is" if len(named) == 1 else "values are"
    return f"{len(named)} {what} unknown, in {share(m.value)} of rows: {listed(named)}"


def _value(value: Mapping[str, Any]) -> str:
    told = f", probably {value['suggestion']!r}" if value.get("suggestion") else ""
    return f"{value.get('value')!r} ({value.get('count')} rows{told})"


def _duplicate(case: _Case) -> str:
    m = case.measured
    return f"{share(m.value)} repeat an earlier row under another id{_known(m)}"


def _constant(case: _Case) -> str:
    m = case.measured
    rows, value = m.evidence.get("rows"), m.evidence.get("value")
    shown = number(value) if isinstance(value, int | float) else repr(value)
    if m.value >= 1:
        return f"stands still: {shown} in every row"
    return f"longest run of one value: {shown} in {rows} rows, {share(m.value)} of them"


def _volume(case: _Case) -> str:
    m = case.measured
    rows, expected = m.evidence.get("rows"), m.evidence.get("expected")
    told = f", {number(expected)} expected" if isinstance(expected, int | float) else ""
    return f"{rows or 'none'} came{told}"


def _freshness(case: _Case) -> str:
    m = case.measured
    if m.method == "label_coverage":
        return f"{share(m.value)} of actuals are in, {share(m.expected or 0)} should be by now"
    if m.method == "lag":
        expected = "" if m.expected is None else f", {number(m.expected)} before"
        return f"come {number(m.value)} windows after their own time on average{expected}"
    side = "in the future" if m.method == "future" else "too far in the past"
    return f"{share(m.value)} of moments lie {side}"


def _anomaly(case: _Case) -> str:
    m = case.measured
    expected = "" if m.expected is None else f", {share(m.expected)} expected"
    rows = m.evidence.get("rows")
    guilty: dict[str, None] = {}
    for row in rows if isinstance(rows, list) else ():
        guilty.update(dict.fromkeys(row.get("features", ())[:1]))
    tail = f"; mostly because of {listed(list(guilty))}" if guilty else ""
    far = "farther off than any row of" if m.method == "extreme" else "unlike"
    return f"{share(m.value)} are {far} the reference{expected}{tail}"


def _drift(case: _Case) -> str:
    m = case.measured
    if m.method == "not_compared":
        return f"nothing can be said of {number(m.value)}: {_reasons(m)}"
    if m.method == "classifier":
        return _told_apart(case)
    method = _METHODS.get(m.method, m.method.replace("_", " "))
    if case.alert:
        limit = "" if case.threshold is None else f" is past {number(case.threshold)}"
        return f"distributed otherwise than in the reference: {method} {number(m.value)}{limit}"
    return f"no change that matters: {method} {number(m.value)}"


def _reasons(m: Measurement) -> str:
    few = m.evidence.get("features")
    named = [f"{f['feature']} ({f['reason']})" for f in few] if isinstance(few, list) else []
    return listed(named)


def _told_apart(case: _Case) -> str:
    m = case.measured
    if not case.alert:
        return f"rows cannot be told from those of the reference: AUC {number(m.value)}"
    carry = m.evidence.get("features")
    names = [f["feature"] for f in carry] if isinstance(carry, list) else []
    by = f", mostly by {listed(names)}" if names else ""
    return f"rows can be told from those of the reference{by}: AUC {number(m.value)}"


def _joint(case: _Case) -> str:
    m = case.measured
    if m.method != "reconstruction":
        return _told_apart(case)
    if not case.alert:
        return f"features go together as in the reference: error off by {number(m.value)}"
    carry = m.evidence.get("features")
    names = [f["feature"] for f in carry] if isinstance(carry, list) else []
    return f"features go together otherwise, mostly {listed(names)}: error off by {number(m.value)}"


def _concept(case: _Case) -> str:
    m = case.measured
    if "estimated" in m.evidence and m.expected is not None:
        tail = "they relate otherwise to the actual" if case.alert else "no change of the concept"
        explained = f"{number(m.expected)} to be expected of these features"
        return f"{number(m.value)}{_interval(m)}, {explained}: {tail}"
    if case.alert and m.expected is not None:
        when = m.evidence.get("changed_at")
        since = f" at {when}" if when else ""
        return (
            f"rose from {number(m.expected)} to {number(m.value)}{since}: "
            "features relate otherwise to the actual"
        )
    return f"{number(m.value)}, no rise found by {m.method}"


def _performance(case: _Case) -> str:
    m = case.measured
    expected = "" if m.expected is None else f", {number(m.expected)} expected"
    return f"{number(m.value)}{_interval(m)}{expected}{_bound(case)}"


def _estimated(case: _Case) -> str:
    if case.measured.method == "refusal":
        return f"nothing is estimated: {case.measured.evidence.get('reason')}"
    causes = case.measured.evidence.get("causes")
    names = [str(c["feature"]) for c in causes if c["low"] > 0] if isinstance(causes, list) else []
    tail = f"; mostly because of {listed(names)}" if case.alert and names else ""
    return f"{_performance(case)}, estimated before the actuals{tail}"


def _interval(m: Measurement) -> str:
    if m.low is None or m.high is None:
        return ""
    return f" ({number(m.low)} to {number(m.high)})"


def _latency(case: _Case) -> str:
    m = case.measured
    expected = "" if m.expected is None else f", {number(m.expected)} ms in the reference"
    return f"{number(m.value)} ms{expected}{_bound(case)}"


def _memory(case: _Case) -> str:
    host = case.measured.evidence.get("host")
    where = f" on host {host}" if host else ""
    bound = f"{_bound(case)} bytes" if _bound(case) else ""
    return f"{number(case.measured.value / 1e6)} MB at most{where}{bound}"


def _cpu(case: _Case) -> str:
    m = case.measured
    unit = "cores" if m.method == "mean_cores" else "of the graphics processor"
    value = number(m.value) if m.method == "mean_cores" else share(m.value)
    return f"{value} {unit} in use{_bound(case)}"


def _cost(case: _Case) -> str:
    return f"{number(case.measured.value)} per 1,000 predictions{_bound(case)}"


def _throughput(case: _Case) -> str:
    m = case.measured
    if m.method == "error_share":
        return f"{share(m.value)} of requests failed{_bound(case)}"
    return f"{number(m.value)} rows a second{_bound(case)}"


def _anything(case: _Case) -> str:
    m = case.measured
    limit = "" if case.threshold is None else f", threshold {number(case.threshold)}"
    return f"{m.method} {number(m.value)}{limit}"


def _bound(case: _Case) -> str:
    if not case.alert or case.threshold is None:
        return ""
    side = "most" if case.measured.worse is Worse.ABOVE else "least"
    return f"; should be at {side} {number(case.threshold)}"


def _known(m: Measurement) -> str:
    return "" if m.expected is None else f", {share(m.expected)} in the reference"


_Sentence = Callable[[_Case], str]
_SENTENCES: Mapping[str, _Sentence] = {
    "quality.schema": _schema,
    "quality.type": _type,
    "quality.missing": _missing,
    "quality.range": _range,
    "quality.category": _category,
    "quality.duplicate": _duplicate,
    "quality.constant": _constant,
    "quality.freshness": _freshness,
    "quality.volume": _volume,
    "anomaly.row": _anomaly,
    "drift.concept": _concept,
    "drift.multivariate": _joint,
    "drift": _drift,
    "performance": _performance,
    "performance.estimated": _estimated,
    "resource.latency": _latency,
    "resource.throughput": _throughput,
    "resource.memory": _memory,
    "resource.cpu": _cpu,
    "resource.cost": _cost,
}
