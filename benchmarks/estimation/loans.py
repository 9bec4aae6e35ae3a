"""Prints how far off each estimator is on the car loan and car price frames, beside NannyML.

    OMP_NUM_THREADS=1 python benchmarks/estimation/loans.py

Mean absolute errors against what the labels of each chunk say; NannyML's are those stored with the
frames. Exits 1 if the default is farther off than NannyML in accuracy, ROC AUC, MAE or RMSE.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from frames import SPECS, chunks, expected, frame

from monitor.core.windows import Sample
from monitor.detectors.estimation.classes import ClassEstimator, Estimated
from monitor.detectors.estimation.methods import METHODS
from monitor.detectors.estimation.numbers import NumberEstimator
from monitor.detectors.estimation.refusal import Refusal
from monitor.detectors.performance.realized import estimates

# ruff: noqa: T201 - a measurement prints

LOANS = ("accuracy", "roc_auc", "f1", "precision", "recall", "specificity")
PRICES = ("mae", "mse", "rmse", "mape")
BARS = ("accuracy", "roc_auc", "mae", "rmse")
Estimating = Callable[[Sample], Estimated | Refusal]


def errors(model: str, kpis: Sequence[str], estimating: Estimating) -> list[float]:
    """Mean absolute error of each KPI over the ten chunks of the analysis."""
    off: dict[str, list[float]] = {kpi: [] for kpi in kpis}
    for window in chunks(model, frame(model, "analysis")):
        found = estimating(window)
        if isinstance(found, Refusal):
            raise SystemExit(found.reason)
        realized = estimates(SPECS[model], window)
        for kpi in kpis:
            off[kpi].append(abs(found.kpis[kpi].value - realized[kpi].value))
    return [float(np.mean(off[kpi])) for kpi in kpis]


def table(model: str, calculator: str, kpis: Sequence[str], rows: dict[str, Estimating]) -> bool:
    """Print the errors; whether the default, the first row, keeps to NannyML's."""
    print(f"\n{model:<14}" + "".join(f"{kpi:>13}" for kpi in kpis))
    known = [expected(model, calculator, kpi) for kpi in kpis]
    theirs = [float(np.abs(k.value - k.realized).mean()) for k in known]
    found = {name: errors(model, kpis, estimating) for name, estimating in rows.items()}
    for name, values in {"NannyML": theirs, **found}.items():
        print(f"{name:<14}" + "".join(f"{value:>13.5g}" for value in values))
    default = next(iter(found.values()))
    return all(
        ours <= bar for kpi, ours, bar in zip(kpis, default, theirs, strict=True) if kpi in BARS
    )


def main() -> None:
    """Print both tables; exit 1 if the default is farther off than NannyML."""
    loans = ClassEstimator.fit(SPECS["car_loan"], frame("car_loan", "reference"))
    prices = NumberEstimator.fit(SPECS["car_price"], frame("car_price", "reference"))
    if isinstance(loans, Refusal) or isinstance(prices, Refusal):
        raise SystemExit("a reference was refused")

    def by(method: str) -> Estimating:
        return lambda window: loans.estimate(window, method)

    rows: dict[str, Estimating] = {"blend": loans.estimate} | {m: by(m) for m in METHODS}
    kept = [
        table("car_loan", "cbpe", LOANS, rows),
        table("car_price", "dle", PRICES, {"dle": prices.estimate}),
    ]
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
