"""Columns are what the contract calls them, or what they were said to be."""

import click
import pytest

from monitor.cli.columns import Columns, mapping
from monitor.core.rows import Kind

NAMES = ["prediction_id", "when", "score", "p", "age", "actual"]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (
            Columns(Kind.PREDICTIONS),
            ["prediction_id", "features.when", "score", "features.p", "features.age", None],
        ),
        (
            Columns(Kind.PREDICTIONS, {"timestamp": "when", "score": "p"}),
            ["prediction_id", "timestamp", None, "score", "features.age", None],
        ),
        (
            Columns(Kind.PREDICTIONS, {}, ["age", "actual"]),
            ["prediction_id", None, "score", None, "features.age", None],
        ),
        (
            Columns(Kind.ACTUALS, {"timestamp": "when"}),
            ["prediction_id", "timestamp", None, None, None, "actual"],
        ),
        (
            Columns(Kind.ACTUALS, {"actual": "p", "prediction_id": "age"}),
            [None, None, None, "actual", "prediction_id", None],
        ),
    ],
)
def test_every_column_has_one_place(columns, named):
    assert columns.named(NAMES) == named


def test_plain_columns_beside_named_features_are_left_out():
    columns = Columns(Kind.PREDICTIONS)

    assert columns.named(["features.a", "b"]) == ["features.a", None]
    assert columns.named(["features", "b", "score"]) == ["features", None, "score"]


@pytest.mark.parametrize("text", ["score", "score=", "scores=p", "=p"])
def test_a_mapping_that_says_nothing_is_wrong_usage(text):
    with pytest.raises(click.UsageError, match="PART=COLUMN"):
        mapping([text])
