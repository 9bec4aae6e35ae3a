"""Rows that show what a finding about data quality or drift means."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.core.examples import Examples
from monitor.core.findings import Finding
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Window

SHOWN_ROWS, SHOWN_VALUES = 20, 20
"""Rows shown for a finding or a category value, and values that get rows."""

Cure = Callable[[Sequence[object], FeatureType | None], str | None]
"""What explains raw values that do not fit a type."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Witness:
    """Adds example rows to the evidence of findings that name values."""

    examples: Examples | None
    cure: Cure | None = None

    def shown(self, spec: ModelSpec, finding: Finding) -> Finding:
        """The finding with example rows; as it was where there are none or they cannot be read."""
        if self.examples is None or not finding.measured.feature or not finding.measured.value:
            return finding
        try:
            added = self._added(self.examples, spec, finding, finding.measured.feature)
        except Exception:
            _log.exception("no example rows for a finding of %s", finding.detector)
            return finding
        evidence = {**finding.measured.evidence, **added}
        told = f"; most have this: {added['cure']}" if "cure" in added else ""
        measured = replace(finding.measured, evidence=evidence)
        return replace(finding, measured=measured, message=finding.message + told)

    def _added(
        self, examples: Examples, spec: ModelSpec, finding: Finding, feature: str
    ) -> Mapping[str, object]:
        place = (finding.model, finding.version, finding.window, feature)
        match finding.detector:
            case "quality.category":
                return _with_ids(examples, finding, feature)
            case "drift.univariate":
                return _typical(examples, finding, place)
            case "quality.type":
                return self._misfits(examples, spec, place)
            case "quality.range":
                said = spec.features.get(feature, FeatureSpec())
                rows: Any = examples.outside(*place, low=said.min, high=said.max, limit=SHOWN_ROWS)
            case _:
                return {}
        return {"examples": [{"prediction_id": i, "value": value} for i, value in rows]}

    def _misfits(
        self, examples: Examples, spec: ModelSpec, place: tuple[str, str, Window, str]
    ) -> Mapping[str, object]:
        rows = examples.misfits(*place, limit=SHOWN_ROWS)
        kind = spec.features.get(place[3], FeatureSpec()).type
        name = self.cure([value for _, value in rows], kind) if self.cure else None
        shown = [{"prediction_id": i, "value": value} for i, value in rows]
        return {"examples": shown} | ({} if name is None else {"cure": name})


def _typical(
    examples: Examples, finding: Finding, place: tuple[str, str, Window, str]
) -> Mapping[str, object]:
    """Rows of the values that have become more frequent, those that explain most."""
    moved = finding.measured.evidence.get("moved")
    if not finding.alert or finding.measured.segment or not isinstance(moved, list):
        return {}
    more = next((cell for cell in moved if cell["now"] > cell["before"]), None)
    if more is None:
        return {}
    if "category" in more:
        value = more["category"]
        found = examples.with_values(*place, values=[value], limit=SHOWN_ROWS)
        rows: Any = [(i, value) for i in found.get(value, ())]
    else:
        rows = examples.inside(*place, low=more["from"], high=more["to"], limit=SHOWN_ROWS)
    return {"examples": [{"prediction_id": i, "value": value} for i, value in rows]}


def _with_ids(examples: Examples, finding: Finding, feature: str) -> Mapping[str, object]:
    values = finding.measured.evidence.get("values")
    if not isinstance(values, list) or not values:
        return {}
    ids = examples.with_values(
        finding.model,
        finding.version,
        finding.window,
        feature,
        values=[v["value"] for v in values[:SHOWN_VALUES]],
        limit=SHOWN_ROWS,
    )
    return {"values": [{**v, "prediction_ids": list(ids.get(v["value"], ()))} for v in values]}
