"""Row anomalies on a real stream, Shuttle (bundled with River), and how fast rows are scored.

    PYTHONPATH=. python benchmarks/quality/anomalies.py

Ours learns from the rows before each batch, anomalies among them, and scores it; half-space trees
score each row before they learn it.
"""

from collections.abc import Iterator
from time import perf_counter

import click
import numpy as np
import numpy.typing as npt
from river import anomaly, compose, datasets, preprocessing
from sklearn.metrics import roc_auc_score

from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.anomaly.yardstick import Yardstick

FIRST, BATCH, LEARNED = 2_000, 2_000, 10_000
"""Rows before the first score, rows scored at once, and rows learned from at most."""
Floats = npt.NDArray[np.float64]


def shuttle() -> tuple[Floats, Floats]:
    """Features, shape (rows, 9), and whether each row is an anomaly."""
    rows = [(list(x.values()), float(y)) for x, y in datasets.Shuttle()]
    return np.array([x for x, _ in rows], float), np.array([y for _, y in rows])


def sample(values: Floats, start: int) -> Sample:
    """Rows as a detector gets them."""
    ids = [f"r{i}" for i in range(start, start + len(values))]
    numbers = {f"x{j}": values[:, j] for j in range(values.shape[1])}
    return Sample(len(values), ids, np.arange(len(values)), numbers)


def ours(values: Floats) -> Iterator[Floats]:
    """Scores of each batch, by what the rows before it show."""
    spec = ModelSpec(Task.BINARY)
    for start in range(FIRST, len(values), BATCH):
        first = max(0, start - LEARNED)
        known = sample(values[first:start], first)
        yardstick = Yardstick.of(spec, known, known.numbers)
        batch = sample(values[start : start + BATCH], start)
        assert yardstick is not None
        yield yardstick.normal.scores(batch, np.ones(batch.rows, bool))


def trees(values: Floats) -> Floats:
    """Scores of half-space trees, row by row."""
    model = compose.Pipeline(
        preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(n_trees=25, height=8, seed=1)
    )
    found = []
    for row in values:
        x = dict(enumerate(row.tolist()))
        found.append(model.score_one(x))
        model.learn_one(x)
    return np.array(found[FIRST:])


def main() -> None:
    """Print the ROC AUC of both, and rows a second."""
    values, truth = shuttle()
    click.echo(f"{len(values)} rows, {values.shape[1]} features, {truth.mean():.1%} anomalies")
    for name, scores_of in (
        ("ours", lambda: np.concatenate(list(ours(values)))),
        ("half-space trees", lambda: trees(values)),
    ):
        began = perf_counter()
        scores = scores_of()
        speed = len(scores) / (perf_counter() - began)
        auc = roc_auc_score(truth[FIRST:], scores)
        click.echo(f"{name}: ROC AUC {auc:.4f}, {speed:,.0f} rows a second, learning counted")


if __name__ == "__main__":
    main()
