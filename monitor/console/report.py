"""Draws the report of a model over a span: one page, with nothing loaded from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import jinja2

from monitor.console.histograms import Bar, bars
from monitor.console.lines import Line, line
from monitor.core.findings import Finding
from monitor.core.ports import (
    Clock,
    FindingLog,
    FindingQuery,
    ProfileBook,
    ReferenceBook,
    SpecBook,
)
from monitor.core.profile import Profile, Profiles
from monitor.core.windows import Window

_ALL = 1_000_000_000
_SEGMENTS, _ALERTS = 20, 40
_FEATURES = 60


@dataclass(frozen=True, slots=True)
class Ranked:
    """One feature, or what the model answers: how far it moved, when, and how it looks."""

    name: str
    type: str
    worst: Finding | None
    alerts: int
    line: Line | None
    bars: Sequence[Bar]
    missing: float
    missing_before: float | None

    @property
    def strength(self) -> float:
        """How many times its threshold the worst value is; 0 where nothing was measured."""
        return _strength(self.worst) if self.worst else 0.0

    @property
    def top(self) -> float:
        """The largest share of a bar."""
        return max((max(b.before, b.now) for b in self.bars), default=0.0) or 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """Reads what the ports know, and draws it."""

    specs: SpecBook
    findings: FindingLog
    profiles: ProfileBook
    references: ReferenceBook
    clock: Clock

    def draw(self, model: str, span: Window | None = None) -> str:
        """The page as HTML; no span is all rows. Raises UnknownModelError."""
        spec = self.specs.get(model)
        span = span or self.profiles.extent(model)
        now = Profiles() if span is None else self.profiles.profile(model, span)
        found = [] if span is None else self.findings.find(FindingQuery(model, span, limit=_ALL))
        versions = sorted({f.version for f in found})
        before = self.references.reference(model, versions[-1] if versions else "")
        drift = [
            f for f in found if f.detector == "drift.univariate" and f.measured.segment is None
        ]
        ranked = [
            _ranked(name, before.features.get(name), now.features.get(name), drift)
            for name in dict.fromkeys([*now.features, *before.features])
        ]
        ranked.sort(key=lambda r: (-r.alerts, -r.strength, r.name))
        alerts = sorted((f for f in found if f.alert), key=_order)
        return _template().render(
            model=model,
            task=str(spec.task),
            span=_seen(span, self.profiles.extent(model)),
            made=self.clock(),
            rows=now.rows,
            reference=before.rows,
            versions=versions,
            windows=len({f.window for f in found}),
            alerting=len({f.window for f in alerts}),
            features=ranked[:_FEATURES],
            left_out=max(0, len(ranked) - _FEATURES),
            drifted=[r for r in ranked if r.alerts],
            answers=_answers(before, now, found),
            together=_together(found),
            kpis=_kpis(found),
            segments=_worst_segments(found),
            alerts=alerts[:_ALERTS],
            all_alerts=len(alerts),
        )


def _seen(span: Window | None, extent: Window | None) -> Window | None:
    """The span as far as there are rows: a report over all time is to say from when to when."""
    if span is None or extent is None:
        return span
    start, end = max(span.start, extent.start), min(span.end, extent.end)
    return Window(start, end) if start < end else span


def _ranked(
    name: str, before: Profile | None, now: Profile | None, found: Sequence[Finding]
) -> Ranked:
    own = [f for f in found if f.measured.feature == name]
    worst = max(own, key=lambda f: (f.alert, _strength(f)), default=None)
    shown = [f for f in own if worst and f.measured.method == worst.measured.method]
    profile = now or before
    return Ranked(
        name,
        str(profile.type) if profile else "",
        worst,
        len({f.window for f in own if f.alert}),
        line(shown),
        bars(before, now),
        now.missing / now.rows if now and now.rows else 1.0,
        before.missing / before.rows if before and before.rows else None,
    )


def _answers(before: Profiles, now: Profiles, found: Sequence[Finding]) -> list[Ranked]:
    own = [f for f in found if f.detector == "drift.prediction" and not f.measured.feature]
    made = []
    for of in ("prediction", "score"):
        sides = getattr(before, of), getattr(now, of)
        if sides[1] is not None and sides[1].finite:
            held = [f for f in own if f.measured.evidence.get("of") == of]
            made.append(_answer(of, *sides, held))
    return made


def _answer(of: str, before: Profile | None, now: Profile, held: Sequence[Finding]) -> Ranked:
    worst = max(held, key=lambda f: (f.alert, _strength(f)), default=None)
    alerts = len({f.window for f in held if f.alert})
    return Ranked(of, str(now.type), worst, alerts, line(held), bars(before, now), 0.0, None)


def _together(found: Sequence[Finding]) -> list[tuple[str, Finding, Line | None]]:
    """Drift of the features together: by method, the worst finding and its time line."""
    methods: dict[str, list[Finding]] = {}
    for finding in found:
        if finding.detector == "drift.multivariate":
            methods.setdefault(finding.measured.method, []).append(finding)
    return [
        (method, max(own, key=lambda f: (f.alert, _strength(f))), line(own))
        for method, own in sorted(methods.items())
    ]


def _kpis(found: Sequence[Finding]) -> list[tuple[str, str, Line]]:
    """Time lines of performance: name, realized or estimated, line."""
    named: dict[tuple[str, str], list[Finding]] = {}
    for f in found:
        family, _, kind = f.detector.partition(".")
        if family == "performance" and f.measured.segment is None:
            named.setdefault((f.measured.method, kind), []).append(f)
    lines = [(*key, line(own)) for key, own in sorted(named.items())]
    return [(name, kind, drawn) for name, kind, drawn in lines if drawn is not None]


def _worst_segments(found: Sequence[Finding]) -> list[Finding]:
    """Of each segment, feature and detector the worst finding; alerts first."""
    worst: dict[tuple[object, ...], Finding] = {}
    for f in found:
        key = (f.measured.segment, f.measured.feature, f.detector)
        if f.measured.segment and (key not in worst or _order(f) < _order(worst[key])):
            worst[key] = f
    return sorted(worst.values(), key=_order)[:_SEGMENTS]


def _order(finding: Finding) -> tuple[bool, bool, float, datetime]:
    """Worst first."""
    critical = str(finding.severity) == "critical"
    return not finding.alert, not critical, -_strength(finding), finding.window.start


def _strength(finding: Finding) -> float:
    limit = finding.threshold if finding.threshold else finding.measured.expected
    return finding.measured.value / limit if limit and limit > 0 else 0.0


def _template() -> jinja2.Template:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("monitor.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html")
