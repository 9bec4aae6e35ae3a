"""Runs NannyML's CBPE over parquet files in its own environment; prints processor seconds as JSON.

python nannyml_cbpe.py reference.parquet analysis.parquet 5000 1000000
"""

import json
import sys
import time

import nannyml
import pandas as pd

# ruff: noqa: T201 - a measurement prints

METRICS = ["roc_auc", "average_precision", "accuracy", "precision", "recall", "specificity", "f1"]


def main() -> None:
    """For each size of chunks fit on the reference and estimate the analysis."""
    reference, analysis = (pd.read_parquet(path) for path in sys.argv[1:3])
    print(json.dumps([measured(reference, analysis, int(size)) for size in sys.argv[3:]]))


def measured(reference: pd.DataFrame, analysis: pd.DataFrame, size: int) -> dict[str, float]:
    """Processor seconds to fit and to estimate, and the chunks that came out."""
    estimator = nannyml.CBPE(
        problem_type="classification_binary",
        y_pred="y_pred",
        y_pred_proba="y_pred_proba",
        y_true="repaid",
        metrics=METRICS,
        chunk_size=size,
    )
    start = time.process_time()
    estimator.fit(reference)
    fitted = time.process_time()
    chunks = len(estimator.estimate(analysis).filter(period="analysis").to_df())
    done = time.process_time()
    return {"fit": fitted - start, "estimate": done - fitted, "chunks": chunks}


if __name__ == "__main__":
    main()
