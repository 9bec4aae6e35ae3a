"""Panels of Grafana's boards: what they show, put in rows from left to right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "watchkeeper-prometheus"}
WIDTH = 24
_HEIGHTS = {"stat": 4, "timeseries": 8, "table": 8, "row": 1}
_STATES = [{"color": "green", "value": None}, {"color": "red", "value": 1}]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its kind, what it is called, what it means, and what it asks.

    `queries` are pairs of PromQL and legend. `bad` colours every value from 1 on red. `quiet` says
    that it may show nothing when all is well.
    """

    kind: str
    title: str
    description: str
    queries: Sequence[tuple[str, str]] = ()
    unit: str = "short"
    width: int = 12
    bad: bool = False
    quiet: bool = False


def row(title: str) -> Panel:
    """A heading over the panels that follow."""
    return Panel("row", title, "", width=WIDTH)


def board(
    uid: str, title: str, description: str, panels: Sequence[Panel], *, model: bool = True
) -> dict[str, Any]:
    """A board; `model` lets its user choose models."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["watchkeeper"],
        "timezone": "utc",
        "schemaVersion": 41,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_models()] if model else []},
        "annotations": {"list": [_promotions()] if model else []},
        "links": [_others()],
        "panels": placed(panels),
    }


def placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """The panels in Grafana's form, each with a number and a place of its own."""
    made: list[dict[str, Any]] = []
    x = y = height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > WIDTH:
            x, y, height = 0, y + height, 0
        tall = _HEIGHTS[panel.kind]
        made.append(_panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": tall}))
        x, height = x + panel.width, max(height, tall)
    return made


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
    }
    if panel.kind == "row":
        return made | {"collapsed": False, "panels": []}
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.bad:
        defaults["thresholds"] = {"mode": "absolute", "steps": _STATES}
        defaults["color"] = {"mode": "thresholds"}
    return made | {
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel),
        "targets": [_target(i, panel, *query) for i, query in enumerate(panel.queries)],
        **({"transformations": _TABLE} if panel.kind == "table" else {}),
    }


def _options(panel: Panel) -> dict[str, Any]:
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    match panel.kind:
        case "stat":
            return {"reduceOptions": reduced, "graphMode": "area", "colorMode": "value"}
        case "table":
            return {"showHeader": True}
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _target(place: int, panel: Panel, expr: str, legend: str) -> dict[str, Any]:
    table = panel.kind == "table"
    return {
        "refId": chr(ord("A") + place),
        "datasource": SOURCE,
        "expr": expr,
        "legendFormat": legend,
        "instant": table,
        "range": not table,
        **({"format": "table"} if table else {}),
    }


_TABLE = [
    {
        "id": "organize",
        "options": {"excludeByName": {"Time": True, "__name__": True, "job": True}},
    }
]


def _models() -> dict[str, Any]:
    query = "label_values(watchkeeper_incidents_open, model)"
    return {
        "name": "model",
        "label": "Model",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "model"},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _promotions() -> dict[str, Any]:
    return {
        "name": "Promotions",
        "enable": True,
        "iconColor": "green",
        "datasource": SOURCE,
        "expr": 'watchkeeper_champion_info{model=~"$model"} '
        "unless watchkeeper_champion_info offset 1m",
        "titleFormat": "{{model}}: version {{version}} is champion",
    }


def _others() -> dict[str, Any]:
    return {
        "title": "Watchkeeper",
        "type": "dashboards",
        "tags": ["watchkeeper"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
    }
