"""Streams: states, alarms and windows."""

from dataclasses import replace

import numpy as np
import pytest

from monitor.core.detector import Expectation
from monitor.core.ports import LabelledStream
from monitor.core.spec import AlertSpec, ConceptMethod, ConceptSpec, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.detectors.streaming.table import AdwinRising, MixtureRising
from monitor.engine.feeds import RANKS
from monitor.engine.stream import KEPT_VERSIONS, Streams, stream


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
        jump = Streams({"mixture": cast.Jump})
        return stream("m", spec, labelled, states or {}, jump, earlier or {}, no_reference)

    return run


def by_method(states):
    """The states without what their keys say of settings."""
    parts = [(*key.partition(":")[::2], state) for key, state in states.items()]
    return {f"{head.partition('#')[0]}:{version}": state for head, version, state in parts}


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
        streamed = stream(
            "m", spec, labelled, states, Streams({"mixture": cast.Jump}), stored, no_reference
        )
        states = streamed.states
        stored |= known(streamed.findings)
    whole = stream(
        "m",
        spec,
        LabelledStream(0, {"1": cast.sample_of(rows)}),
        {},
        Streams({"mixture": cast.Jump}),
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
    (key,) = fold(batch("0")).states
    streamed = fold(batch("0" * 4), {key: b"from another version"})

    assert streamed.states == {key: b"4 4"}
    assert "starts afresh" in caplog.text


def test_a_state_left_under_other_settings_is_dropped(batch, spec, cast):
    def fold_with(settings, states, first):
        labelled = batch("0" * 4, first)
        return stream(
            "m", settings, labelled, states, Streams({"mixture": cast.Jump}), {}, no_reference
        )

    stricter = replace(spec, alerts=AlertSpec(0.1))
    one = fold_with(spec, {"old#0:1": b"4 4", "old#0:2": b"4 4"}, 0)
    two = fold_with(stricter, one.states, 4)

    assert by_method(one.states) == {"mixture:1": b"4 4", "old:2": b"4 4"}
    assert by_method(two.states) == {"mixture:1": b"4 4", "old:2": b"4 4"}
    assert two.states.keys() != one.states.keys()


def test_versions_have_states_of_their_own(batch, fold):
    one = fold(batch("0" * 4))
    two = fold(batch("0" * 4, version="2"), one.states)

    assert by_method(two.states) == {"mixture:1": b"4 4", "mixture:2": b"4 4"}
    assert not any(f.alert for f in two.findings)


def test_states_of_many_old_versions_are_dropped(batch, fold):
    states = {f"mixture#0:old{i}": b"0 1" for i in range(KEPT_VERSIONS + 1)}

    assert set(by_method(fold(batch("1", version="old3"), states).states)) == {"mixture:old3"}
    assert len(fold(batch("1"), dict(list(states.items())[:-1])).states) == KEPT_VERSIONS + 1


def test_a_detector_that_has_seen_nothing_says_nothing(spec, cast):
    class Blind(cast.Jump):
        """Skips every value."""

        def update_many(self, values):
            return []

    sample = cast.sample_of([cast.Row("1", cast.START)])
    streamed = stream(
        "m",
        spec,
        LabelledStream(1, {"1": sample}),
        {},
        Streams({"mixture": Blind}),
        {},
        no_reference,
    )

    assert streamed.findings == []
    assert np.array_equal(list(streamed.grown.values()), [1])
    empty = LabelledStream(1, {"1": cast.sample_of([])})
    assert (
        stream("m", spec, empty, {}, Streams({"mixture": cast.Jump}), {}, no_reference).grown == {}
    )


REGRESSION = ModelSpec(Task.REGRESSION)
BY_ADWIN = replace(REGRESSION, concept=ConceptSpec(ConceptMethod.ADWIN))


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
        "m",
        BY_ADWIN,
        labelled,
        states or {},
        Streams({"adwin": AdwinRising}),
        {},
        lambda version: reference,
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
    before = fold_losses(np.random.default_rng(4).lognormal(8, 1, size=1000))
    lost = {key: state for key, state in before.states.items() if not key.startswith(RANKS)}
    streamed = fold_losses([1.0] * 10, lost, first=1000)

    (state,) = [s for key, s in streamed.states.items() if not key.startswith(RANKS)]
    assert np.isnan(AdwinRising.load(state).mean)
    assert set(by_method(streamed.states)) == {"adwin:1", f"{RANKS}:1"}
    assert streamed.findings == []


def test_ranks_that_cannot_be_read_start_afresh(caplog):
    streamed = fold_losses([1.0] * 10, {f"{RANKS}:1": b"{}"})

    assert b"1.0" in streamed.states[f"{RANKS}:1"]
    assert "ranked afresh" in caplog.text


def relative(losses, states=None, first=0):
    """Losses of a regression of which 2 is to be expected, through the default detector."""
    expected = Expectation(lambda sample: sample.actual / 2, 1.05, "reference 1")
    labelled = LabelledStream(first + len(losses), {"1": answered(losses, first)})
    streams = Streams({"mixture": MixtureRising}, lambda spec, reference: expected)
    return stream("m", REGRESSION, labelled, states or {}, streams, {}, no_reference)


def test_losses_come_relative_to_what_was_to_be_expected_where_that_is_known():
    rng = np.random.default_rng(5)
    calm = relative(2 * rng.exponential(size=2000))
    risen = relative(4 * rng.exponential(size=400), calm.states, first=2000)

    assert not any(f.alert for f in calm.findings)
    (alert,) = [f for f in risen.findings if f.alert]
    assert alert.measured.method == "mixture"
    assert alert.measured.expected == 1.05
    assert alert.message.startswith("loss over expectation: rose from")
    assert all(key.startswith("mixture#") for key in risen.states)


def test_rows_that_come_fast_are_given_a_longer_run_length():
    fast = relative(np.full(300, 2.0))
    (state,) = fast.states.values()

    # a row a second and a tenth of a false alarm a month
    assert MixtureRising.load(state).run_length == pytest.approx(30 * 86_400 / 0.1)
