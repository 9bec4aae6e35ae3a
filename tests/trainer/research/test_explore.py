"""The summary and its page."""

import numpy as np
import pyarrow as pa
import pytest

from trainer.research import collect, explore, features
from trainer.research.collect import HEAD, Examples, Target


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_summary_finds_what_tells_of_the_actual(made, task):
    examples = Examples(made.table(task, 500))
    spec = made.spec(task)
    encoder = features.learn(examples, collect.types(spec, examples), {}, {})

    found = explore.summary(examples, encoder, Target.of(spec, examples))["features"]

    nothing = 0.0 if task == "regression" else 0.5
    assert found["size"]["signal"] > nothing + 0.3
    assert nothing <= found["noise"]["signal"] < nothing + 0.15
    assert found["colour"]["signal"] > found["noise"]["signal"]
    assert found["size"]["missing"] == pytest.approx(0.05, abs=0.03)
    assert set(found["colour"]["top"]) == {"red", "green", "blue"}


def test_text_of_users_is_no_markup(made):
    table = made.table("binary", 60)
    names = [n.replace("colour", "<script>") for n in table.column_names]
    values = pa.array(np.where(np.arange(60) % 2, "<b>", "a&b").tolist())
    table = table.rename_columns(names).set_column(
        names.index(HEAD + "<script>"), HEAD + "<script>", values
    )
    examples = Examples(table)
    encoder = features.learn(examples, collect.types(made.spec("binary"), examples), {}, {})

    summary = explore.summary(examples, encoder, Target.of(made.spec("binary"), examples))
    page = explore.page(summary, "<m>")

    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;" in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "http" not in page
