"""Explores: what the rows look like, as JSON and as one page that stands on its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from trainer.losses import roc_auc
from trainer.research.collect import Examples, Matrix, Target
from trainer.research.features import Encoder

_SLICES = 10
_TOP = 8


def summary(examples: Examples, encoder: Encoder, target: Target) -> dict[str, Any]:
    """Counts, ranges and how much each feature alone tells of the actual.

    `signal` is max(AUC, 1 - AUC), the best over the classes (0.5 = nothing), or |correlation| of
    ranks for numbers (0 = nothing); None where it cannot be computed.
    """
    x, y = encoder.table(examples), target.encode(examples)
    features = {}
    for place, (name, levels) in enumerate(zip(encoder.outputs, encoder.levels, strict=True)):
        column = x[:, place]
        numbers = _rates(column, y, target) if levels else column[:, None]
        features[name] = {
            "missing": float(np.isnan(column).mean()),
            "distinct": len(np.unique(column[~np.isnan(column)])),
            **(_top(examples, name) if levels else _moments(column)),
            "signal": _signal(numbers, y, target),
        }
    return {"rows": examples.rows, "actual": _over_time(y, target), "features": features}


def _moments(column: Matrix) -> dict[str, Any]:
    values = column[~np.isnan(column)]
    if not len(values):
        return {}
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95]).tolist()
    return {
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "quantiles": {"0.05": low, "0.5": middle, "0.95": high},
    }


def _top(examples: Examples, name: str) -> dict[str, Any]:
    counts = Counter(v for v in examples.feature(name).to_pylist() if v is not None)
    return {"top": {str(value): n for value, n in counts.most_common(_TOP)}}


def _rates(codes: Matrix, y: Matrix, target: Target) -> Matrix:
    """For each row how often its category has each class, or its mean actual; (rows, outputs)."""
    known = np.where(np.isnan(codes), -1, codes)
    _, place = np.unique(known, return_inverse=True)
    rows = np.maximum(np.bincount(place), 1)
    wanted = [y == c for c in range(len(target.labels))] or [y]
    return np.stack([(np.bincount(place, w) / rows)[place] for w in wanted], axis=1)


def _signal(numbers: Matrix, y: Matrix, target: Target) -> float | None:
    found = []
    for place in range(max(len(target.labels), 1)):
        column = numbers[:, min(place, numbers.shape[1] - 1)]
        known = ~np.isnan(column)
        if target.labels:
            area = roc_auc((y == place)[known], column[known])
            found += [] if area is None else [max(area, 1 - area)]
        elif len(np.unique(column[known])) > 1 and len(np.unique(y[known])) > 1:
            ranks = [np.unique(v[known], return_inverse=True)[1] for v in (column, y)]
            found.append(abs(float(np.atleast_2d(np.corrcoef(np.stack(ranks)))[0, 1])))
    return max(found, default=None)


def _over_time(y: Matrix, target: Target) -> Sequence[Mapping[str, float]]:
    """Tenths of the rows, oldest first: the share of each class, or the mean."""
    tenths = np.array_split(y, min(_SLICES, len(y)))
    if not target.labels:
        return [{"mean": float(part.mean())} for part in tenths]
    return [
        {label: float((part == place).mean()) for place, label in enumerate(target.labels)}
        for part in tenths
    ]


def page(found: Mapping[str, Any], title: str) -> str:
    """The summary as HTML without scripts or links; all text of users is escaped."""
    body = "".join(_row(name, feature) for name, feature in found["features"].items())
    tenths = "".join(f"<td>{_shares(part)}</td>" for part in found["actual"])
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>
<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b2430}}
table{{border-collapse:collapse;margin:1rem 0}}td,th{{padding:.3rem .7rem;text-align:left;
border-bottom:1px solid #dde3ea;vertical-align:top}}meter{{width:7rem}}</style>
<h1>{escape(title)}</h1><p>{found["rows"]:,} labelled rows.</p>
<h2>The actual, oldest to newest tenth</h2><table><tr>{tenths}</tr></table>
<h2>Features</h2><table><tr><th>Feature<th>Missing<th>Distinct<th>Values<th>Signal alone</tr>
{body}</table></html>"""


def _shares(part: Mapping[str, float]) -> str:
    return "<br>".join(f"{escape(str(name))}: {value:.3g}" for name, value in part.items())


def _row(name: str, feature: Mapping[str, Any]) -> str:
    if "top" in feature:
        values = ", ".join(f"{escape(v)} ({n})" for v, n in feature["top"].items())
    else:
        values = " &middot; ".join(f"{v:.4g}" for v in feature.get("quantiles", {}).values())
    signal = feature["signal"]
    meter = "" if signal is None else f'<meter value="{signal:.3f}"></meter> {signal:.3f}'
    return (
        f"<tr><td>{escape(name)}<td>{feature['missing']:.1%}<td>{feature['distinct']}"
        f"<td>{values}<td>{meter}</tr>"
    )
