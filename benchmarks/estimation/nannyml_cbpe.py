"""Runs NannyML's CBPE over parquet files, in NannyML's own environment; prints seconds as JSON.

python nannyml_cbpe.py reference.parquet analysis.parquet
"""

import json
import sys
import time

import nannyml
import pandas as pd

# ruff: noqa: T201 - a measurement prints

METRICS = ["roc_auc", "average_precision", "accuracy", "precision", "recall", "specificity", "f1"]


def main() -> None:
    """Fit on the reference, estimate the analysis in chunks of 5,000 rows."""
    reference, analysis = (pd.read_parquet(path) for path in sys.argv[1:3])
    estimator = nannyml.CBPE(
        problem_type="classification_binary",
        y_pred="y_pred",
        y_pred_proba="y_pred_proba",
        y_true="repaid",
        metrics=METRICS,
        chunk_size=5_000,
    )
    start = time.perf_counter()
    estimator.fit(reference)
    fitted = time.perf_counter()
    chunks = len(estimator.estimate(analysis).filter(period="analysis").to_df())
    done = time.perf_counter()
    print(json.dumps({"fit": fitted - start, "estimate": done - fitted, "chunks": chunks}))


if __name__ == "__main__":
    main()
