"""Single rows unlike the reference."""

import numpy as np
import pytest
from counted import sample

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.anomaly.row import Row

SPEC = ModelSpec(Task.BINARY)


def drawn(rng, n, start=0):
    """Two numbers that go together, a skewed one, and a category."""
    a = rng.normal(size=n)
    numbers = {"a": a, "b": a + 0.2 * rng.normal(size=n), "c": rng.lognormal(0, 1, n)}
    return sample(numbers, {"d": rng.choice(list("xyz"), n, p=[0.7, 0.2, 0.1])}, start)


def measured(reference, current, method="share", spec=SPEC):
    found = {m.method: m for m in Row().measure(spec, reference, current)}
    assert found.keys() == {"share", "extreme"}
    return found[method]


def changed(current, rows, **values):
    numbers = {name: v.copy() for name, v in current.numbers.items()}
    labels = {name: v.copy() for name, v in current.labels.items()}
    for name, value in values.items():
        (numbers if name in numbers else labels)[name][rows] = value
    return Sample(
        current.total, current.prediction_ids, current.timestamps, numbers=numbers, labels=labels
    )


@pytest.fixture(scope="module")
def reference():
    return drawn(np.random.default_rng(1), 4000)


def test_chance_alone_alarms_no_more_often_than_its_level():
    rng = np.random.default_rng(2)
    p = []
    for _ in range(60):
        reference = drawn(rng, 1000)
        p += [measured(reference, drawn(rng, 300, 9000)).p_value for _ in range(5)]

    assert np.mean(np.array(p) <= 0.05) < 0.1
    assert min(p) > 1e-5


def test_rows_with_an_extreme_value_are_named_with_the_feature_first(reference):
    current = changed(drawn(np.random.default_rng(3), 1000, 9000), slice(100, 150), c=500.0)

    m = measured(reference, current)

    assert m.expected == pytest.approx(0.01, abs=0.001)
    assert m.value > 0.05
    assert m.p_value < 1e-12
    assert len(m.evidence["rows"]) == 20
    ids = {f"r{i}" for i in range(9100, 9150)}
    assert {row["prediction_id"] for row in m.evidence["rows"]} <= ids
    assert {row["features"][0] for row in m.evidence["rows"]} == {"c"}


def test_values_that_are_usual_alone_but_not_together_are_found(reference):
    current = changed(
        drawn(np.random.default_rng(4), 1000, 9000), slice(0, 60), a=1.5, b=-1.5, c=1.0, d="x"
    )

    m = measured(reference, current)

    assert m.p_value < 1e-12
    assert {row["prediction_id"] for row in m.evidence["rows"]} <= {
        f"r{i}" for i in range(9000, 9060)
    }
    assert {f for row in m.evidence["rows"] for f in row["features"][:2]} == {"a", "b"}


def test_the_order_of_rows_is_irrelevant(reference):
    current = drawn(np.random.default_rng(5), 500, 9000)
    turn = np.random.default_rng(6).permutation(500)
    turned = Sample(
        500,
        [current.prediction_ids[i] for i in turn],
        current.timestamps[turn],
        {n: v[turn] for n, v in current.numbers.items()},
        {n: v[turn] for n, v in current.labels.items()},
    )

    assert measured(reference, current) == measured(reference, turned)


def test_missing_values_and_constants_are_not_odd_here(reference):
    rng = np.random.default_rng(7)
    holed = changed(drawn(rng, 400, 9000), slice(0, 200), a=np.nan, b=np.nan, d=None)

    assert measured(reference, holed).value < 0.03


def test_infinite_and_huge_values_stay_finite(reference):
    current = changed(drawn(np.random.default_rng(8), 200, 9000), slice(0, 20), a=np.inf, c=1e300)

    m = measured(reference, current)

    assert m.value >= 0.1
    assert all(np.isfinite(row["score"]) for row in m.evidence["rows"])


def test_categories_alone_suffice():
    rng = np.random.default_rng(9)
    draw = lambda n, start: sample({}, {"d": rng.choice(list("xy"), n)}, start)  # noqa: E731

    m = measured(draw(1000, 0), changed(draw(100, 5000), slice(0, 30), d="new"))

    assert m.value == 0.3
    assert m.evidence["rows"][0]["features"] == ["d"]


def test_without_enough_reference_or_features_nothing_is_measured(reference):
    rng = np.random.default_rng(10)
    stuck = sample({"a": np.ones(1000)})

    assert not list(Row().measure(SPEC, drawn(rng, 150), drawn(rng, 100, 900)))
    assert not list(Row().measure(SPEC, stuck, stuck))
    assert not list(Row().measure(SPEC, reference, Sample(0)))


def test_time_that_moves_on_makes_no_row_unlike_the_reference():
    rng = np.random.default_rng(11)

    def dated(n, since, start):
        return sample(
            {"a": rng.normal(size=n), "created": since + rng.uniform(0, 3600, n)}, {}, start
        )

    reference, current = dated(1000, 0.0, 0), dated(300, 1e6, 9000)
    spec = ModelSpec(Task.BINARY, features={"created": FeatureSpec(FeatureType.TIMESTAMP)})

    assert measured(reference, current, spec=spec).value < 0.05
    assert measured(reference, current).value == 1.0  # were it a number
    only = ModelSpec(
        Task.BINARY, features=dict.fromkeys(["a", "created"], spec.features["created"])
    )
    assert list(Row().measure(only, reference, current)) == []


def test_a_few_rows_past_all_that_is_known_are_no_chance(reference):
    current = drawn(np.random.default_rng(12), 1000, 9000)
    few = changed(current, slice(0, 14), a=2.0, b=-2.0)

    calm, m = measured(reference, current, "extreme"), measured(reference, few, "extreme")

    assert calm.p_value > 0.05
    assert measured(reference, few).p_value > 1e-6
    assert m.p_value < 1e-6
    assert m.value == pytest.approx(0.014, abs=0.003)
