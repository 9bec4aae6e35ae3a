"""Streams: states, alarms and windows."""

import numpy as np
import pytest

from monitor.core.ports import LabelledStream
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.drift.concept import Adwin
from monitor.engine.stream import KEPT_VERSIONS, RANKS, stream


def no_reference(version):
    return Sample(0)


@pytest.fixture
def batch(cast):
    def make(actuals, first=0, version="1", per_hour=10):
        rows = [
            cast.Row(str(i), cast.START + (first + i) * cast.HOUR / per_hour, version, actual)
            for i, actual in enumerate(actuals)
        ]
        return LabelledStream(first + len(rows), {version: cast.sample_of(rows)})

    return make


@pytest.fixture
def fold(spec, cast):
    def run(labelled, states=None, earlier=None):
        jump = {"jump": cast.Jump}
        return stream("m", spec, labelled, states or {}, jump, earlier or {}, no_reference)

    return run


def known(findings):
    return {(f.window, f.version, f.measured.method): f for f in findings}


def test_a_jump_of_the_loss_is_an_alert_in_the_window_where_it_was_seen(batch, fold, cast):
    streamed = fold(batch("1" * 12 + "0" * 8))

    assert [(f.window, f.alert) for f in streamed.findings] == [
        (cast.hour(0), False),
        (cast.hour(1), True),
    ]
    alert = streamed.findings[1]
    assert (alert.measured.value, alert.measured.expected) == (1.0, 0.1)
    assert alert.measured.evidence["changed_at"] == "2026-01-01T01:36:00+00:00"
    assert alert.rows == 10
    assert alert.message.startswith("loss: rose from 0.1 to 1")


@pytest.mark.parametrize("cut", range(21))
def test_a_batch_cut_anywhere_gives_the_same_states_and_alerts(spec, cast, cut):
    actuals = "1" * 7 + "0" * 13
    rows = [
        cast.Row(str(i), cast.START + i * cast.HOUR / 10, "1", a) for i, a in enumerate(actuals)
    ]
    stored, states = {}, {}
    for part in (rows[:cut], rows[cut:]):
        labelled = LabelledStream(0, {"1": cast.sample_of(part)})
        streamed = stream("m", spec, labelled, states, {"jump": cast.Jump}, stored, no_reference)
        states = streamed.states
        stored |= known(streamed.findings)
    whole = stream(
        "m",
        spec,
        LabelledStream(0, {"1": cast.sample_of(rows)}),
        {},
        {"jump": cast.Jump},
        {},
        no_reference,
    )

    assert states == whole.states
    assert {w for w, f in stored.items() if f.alert} == {
        w for w, f in known(whole.findings).items() if f.alert
    }


def test_a_window_that_has_alarmed_stays_an_alert(batch, fold, cast):
    first = fold(batch("1" * 2 + "0" * 6))
    second = fold(batch("1" * 2, first=8), first.states, known(first.findings))

    assert [f.alert for f in first.findings] == [True]
    assert second.findings == []
    assert second.grown == {(cast.hour(0), "1"): 2}


def test_rows_of_a_window_add_up_over_batches(batch, fold):
    first = fold(batch("1" * 4))
    second = fold(batch("1" * 3, first=4), first.states, known(first.findings))

    assert [f.rows for f in second.findings] == [7]


def test_a_state_that_cannot_be_loaded_starts_afresh(batch, fold, caplog):
    streamed = fold(batch("0" * 4), {"jump:1": b"from another version"})

    assert streamed.states == {"jump:1": b"4 4"}
    assert "starts afresh" in caplog.text


def test_versions_have_states_of_their_own(batch, fold):
    one = fold(batch("0" * 4))
    two = fold(batch("0" * 4, version="2"), one.states)

    assert two.states == {"jump:1": b"4 4", "jump:2": b"4 4"}
    assert not any(f.alert for f in two.findings)


def test_states_of_many_old_versions_are_dropped(batch, fold):
    states = {f"jump:old{i}": b"0 1" for i in range(KEPT_VERSIONS + 1)}

    assert set(fold(batch("1", version="old3"), states).states) == {"jump:old3"}
    assert len(fold(batch("1"), dict(list(states.items())[:-1])).states) == KEPT_VERSIONS + 1


def test_a_detector_that_has_seen_nothing_says_nothing(spec, cast):
    class Blind(cast.Jump):
        """Skips every value."""

        def update_many(self, values):
            return []

    sample = cast.sample_of([cast.Row("1", cast.START)])
    streamed = stream(
        "m", spec, LabelledStream(1, {"1": sample}), {}, {"jump": Blind}, {}, no_reference
    )

    assert streamed.findings == []
    assert np.array_equal(list(streamed.grown.values()), [1])
    empty = LabelledStream(1, {"1": cast.sample_of([])})
    assert stream("m", spec, empty, {}, {"jump": cast.Jump}, {}, no_reference).grown == {}


REGRESSION = ModelSpec(Task.REGRESSION)


def answered(losses, first=0):
    n = len(losses)
    return Sample(
        n,
        [str(first + i) for i in range(n)],
        (first + np.arange(n, dtype=np.int64)) * 1_000_000,
        prediction=np.zeros(n),
        actual=np.asarray(losses, float),
    )


def fold_losses(losses, states=None, known=(), first=0):
    labelled = LabelledStream(first + len(losses), {"1": answered(losses, first)})
    reference = answered(known)
    return stream(
        "m", REGRESSION, labelled, states or {}, {"adwin": Adwin}, {}, lambda version: reference
    )


@pytest.mark.parametrize("unit", [1e-3, 1, 1e5])
@pytest.mark.parametrize("known", [0, 500])
def test_a_loss_in_any_unit_alarms_when_it_triples_and_not_before(unit, known):
    rng = np.random.default_rng(3)
    reference = rng.lognormal(size=known) * unit
    calm = fold_losses(rng.lognormal(size=5000) * unit, known=reference)
    risen = fold_losses(3 * rng.lognormal(size=300) * unit, calm.states, first=5000)

    assert not any(f.alert for f in calm.findings)
    (alert,) = [f for f in risen.findings if f.alert]
    assert alert.measured.expected == pytest.approx(0.5, abs=0.1)
    assert 0.6 < alert.measured.value <= 1
    assert alert.message.startswith("rank of the loss: rose from 0.")


def test_detectors_that_saw_losses_without_ranks_start_afresh():
    old = Adwin()
    old.update_many(np.random.default_rng(4).lognormal(8, 1, size=1000))
    streamed = fold_losses([1.0] * 10, {"adwin:1": old.dump()})

    assert np.isnan(Adwin.load(streamed.states["adwin:1"]).mean)
    assert set(streamed.states) == {"adwin:1", f"{RANKS}:1"}
    assert streamed.findings == []


def test_ranks_that_cannot_be_read_start_afresh(caplog):
    streamed = fold_losses([1.0] * 10, {f"{RANKS}:1": b"{}"})

    assert b"1.0" in streamed.states[f"{RANKS}:1"]
    assert "ranked afresh" in caplog.text
