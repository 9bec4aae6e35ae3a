"""Faults: as large as they were asked to be, and the same for every spec."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.core.backtests import Fault, FaultKind
from monitor.core.errors import SpecError
from monitor.core.profile import Bins, Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample, Window
from monitor.engine.faults import NEW_VALUE, Spoiler, check_fault

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC))
SPEC = ModelSpec(
    Task.BINARY,
    {
        "age": FeatureSpec(FeatureType.NUMBER, min=-4.0, max=4.0),
        "city": FeatureSpec(FeatureType.CATEGORY),
        "when": FeatureSpec(FeatureType.TIMESTAMP),
    },
)
ROWS = 4000


@pytest.fixture
def sample():
    rng = np.random.default_rng(7)
    age = rng.normal(size=ROWS)
    age[:40] = np.nan
    city = rng.choice(np.array(["Rome", "Oslo", None], object), ROWS)
    actual = rng.choice(np.array(["0", "1"], object), ROWS)
    return Sample(ROWS, range(ROWS), numbers={"age": age}, labels={"city": city}, actual=actual)


def profiles_of(sample):
    age, city = sample.numbers["age"], sample.labels["city"]
    held = age[np.isfinite(age)]
    bins = Bins.of(held)
    names, counts = np.unique([c for c in city if c], return_counts=True)
    return Profiles(
        ROWS,
        {
            "age": Profile(
                FeatureType.NUMBER,
                rows=ROWS,
                missing=40,
                minimum=held.min(),
                maximum=held.max(),
                total=held.sum(),
                squares=np.square(held).sum(),
                bins=bins,
                counts=np.bincount(bins.place(held), minlength=len(bins)),
            ),
            "city": Profile(
                FeatureType.CATEGORY,
                rows=ROWS,
                missing=ROWS - counts.sum(),
                categories=dict(zip(names, counts, strict=True)),
            ),
        },
    )


def spoilt(sample, *faults):
    spoiler = Spoiler(SPEC, faults, lambda version, feature: 2.0)
    profiles = spoiler.profiles(profiles_of(sample), "1", WINDOW, lambda: sample)
    return profiles, spoiler.sample(sample, "1", WINDOW)


def test_a_shift_moves_all_values_by_deviations_of_the_reference(sample):
    before = profiles_of(sample)["age"]
    profiles, rows = spoilt(sample, Fault(FaultKind.SHIFT, 1.5, "age"))

    after = profiles["age"]
    assert after.mean - before.mean == pytest.approx(3.0)
    assert after.deviation == pytest.approx(before.deviation)
    assert after.above == (sample.numbers["age"] + 3 > 4).sum() > 0
    assert after.finite == after.counts.sum() == before.finite
    np.testing.assert_allclose(rows.numbers["age"], sample.numbers["age"] + 3)


def test_a_scale_multiplies(sample):
    profiles, _ = spoilt(sample, Fault(FaultKind.SCALE, 1000.0, "age"))

    assert profiles["age"].maximum == pytest.approx(1000 * profiles_of(sample)["age"].maximum)


@pytest.mark.parametrize("kind", [FaultKind.MISSING, FaultKind.TEXT])
def test_a_share_of_the_numbers_goes(sample, kind):
    profiles, rows = spoilt(sample, Fault(kind, 0.2, "age"))

    gone = profiles["age"].missing - 40
    assert gone == pytest.approx(0.2 * 3960, rel=0.1)
    assert profiles["age"].misfits == (gone if kind is FaultKind.TEXT else 0)
    assert np.isnan(rows.numbers["age"]).sum() == profiles["age"].missing


def test_a_share_of_the_categories_goes_is_stuck_or_new(sample):
    before = profiles_of(sample)["city"]
    gone, _ = spoilt(sample, Fault(FaultKind.MISSING, 0.3, "city"))
    new, rows = spoilt(sample, Fault(FaultKind.NEW_VALUE, 0.3, "city"))
    stuck, _ = spoilt(sample, Fault(FaultKind.STUCK, 1.0, "city"))

    assert gone["city"].finite == pytest.approx(0.7 * before.finite, rel=0.1)
    assert new["city"].categories[NEW_VALUE] == pytest.approx(0.3 * before.finite, rel=0.1)
    assert new["city"].missing == before.missing
    assert (rows.labels["city"] == NEW_VALUE).sum() == new["city"].categories[NEW_VALUE]
    assert list(stuck["city"].categories.values()) == [before.finite]


def test_stuck_numbers_have_no_spread_and_what_was_missing_stays_so(sample):
    profiles, rows = spoilt(sample, Fault(FaultKind.STUCK, 1.0, "age"))

    assert profiles["age"].deviation == pytest.approx(0, abs=1e-6)
    assert np.isnan(rows.numbers["age"][:40]).all()


def test_wrong_actuals_are_other_classes(sample):
    _, rows = spoilt(sample, Fault(FaultKind.WRONG, 0.25))

    assert (rows.actual != sample.actual).mean() == pytest.approx(0.25, abs=0.03)
    assert set(rows.actual) == {"0", "1"}


def test_wrong_numbers_are_farther_off(sample):
    spec = replace(SPEC, task=Task.REGRESSION)
    spoiler = Spoiler(spec, (Fault(FaultKind.WRONG, 1.0),), lambda version, feature: 1.0)
    numbers = np.arange(10.0)
    rows = spoiler.sample(replace(sample, actual=numbers), "1", WINDOW)

    np.testing.assert_allclose(rows.actual - numbers, 3 * numbers.std())
    assert spoiler.sample(replace(sample, actual=None), "1", WINDOW).actual is None


def test_a_fault_is_the_same_each_time_and_only_in_its_span(sample):
    fault = Fault(FaultKind.MISSING, 0.2, "age")
    later = replace(fault, span=Window(WINDOW.end, WINDOW.end + timedelta(days=1)))

    first, again = spoilt(sample, fault)[1], spoilt(sample, fault)[1]
    np.testing.assert_array_equal(first.numbers["age"], again.numbers["age"])
    profiles, rows = spoilt(sample, later)
    np.testing.assert_array_equal(rows.numbers["age"], sample.numbers["age"])
    assert profiles["age"].missing == 40


def test_a_window_that_was_not_read_as_a_whole_is_refused(sample):
    part = replace(sample, prediction_ids=range(10))
    spoiler = Spoiler(SPEC, (Fault(FaultKind.SHIFT, 1, "age"),), lambda version, feature: 1.0)

    with pytest.raises(SpecError, match="up to 10"):
        spoiler.profiles(profiles_of(sample), "1", WINDOW, lambda: part)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(FaultKind.SHIFT, float("nan"), "age"), "finite"),
        (Fault(FaultKind.MISSING, 1.5, "age"), "share"),
        (Fault(FaultKind.MISSING, 0.5, "agee"), "no feature 'agee'"),
        (Fault(FaultKind.SHIFT, 0.5, "city"), "no fault of 'city'"),
        (Fault(FaultKind.MISSING, 0.5, "when"), "only numbers and categories"),
        (Fault(FaultKind.WRONG, 0.5, "age"), "of no feature"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_the_reason(fault, said):
    with pytest.raises(SpecError, match=said):
        check_fault(SPEC, fault)
