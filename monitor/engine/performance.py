"""The KPIs of each window, computed when asked."""

from collections.abc import Callable, Iterator, Mapping

from monitor.core.ports import Json
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample, Window
from monitor.engine.check import Sources
from monitor.engine.ports import Ports

Evaluate = Callable[[ModelSpec, Sample], Mapping[str, tuple[float, float | None, float | None]]]
"""Every KPI that labelled rows give: its value, and the ends of its interval where known."""


def performance_items(
    spec: ModelSpec, model: str, span: Window, ports: Ports, evaluate: Evaluate
) -> Iterator[Json]:
    """One item for each window and version, oldest first.

    `label_coverage` is the share of rows whose actual is in, exact while the labelled rows of a
    window are no more than are read (`check.LABELLED_ROWS`), a lower bound above.
    """
    sources = Sources(model, ports.log, ports.references)
    for window, version, profiles in ports.profiles.profiles(model, span, spec.window.every):
        sample = sources.sample(version, window, labelled=True)
        kpis = evaluate(spec, sample) if sample.rows else {}
        yield {
            "window": {
                "start": window.start.isoformat(),
                "end": window.end.isoformat(),
                "rows": profiles.rows,
            },
            "version": version,
            "label_coverage": min(1.0, sample.rows / profiles.rows) if profiles.rows else 0.0,
            "realized": {
                kpi: {"value": value, "low": low, "high": high}
                for kpi, (value, low, high) in kpis.items()
            },
            "estimated": {},
        }
