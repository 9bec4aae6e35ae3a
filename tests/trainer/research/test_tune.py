"""The search: every candidate gets its turn, windows fit the history, seeds decide the rest."""

from datetime import timedelta

import numpy as np
import pytest

from trainer.research.candidates import Rows, load_libraries
from trainer.research.experiments import EXPERIMENTS, windows
from trainer.research.tune import Limits, tune

MINUTE = 60_000_000
CANDIDATES = ("linear", "lightgbm", "histogram")


def rows_of(classes, n, seed=0):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, 2)), rng.integers(0, 4, n)])
    x[rng.random((n, 3)) < 0.05] = np.nan
    value = np.nan_to_num(x[:, 0]) + (x[:, 2] == 1) + rng.normal(scale=0.3, size=n)
    y = np.clip(np.round(value + 1), 0, classes - 1) if classes else value
    return Rows(x, y, (0, 0, 3), classes)


def test_the_vote_is_of_the_best_two_candidates_and_learns_from_the_longer_window():
    train, held = rows_of(2, 200), rows_of(2, 100, 1)
    found = tune(train, held, {"recent": 100, "full": 0}, Limits(timedelta(0), 6))
    *tried, vote = found.experiments
    best = {c: min(e.metrics["loss"] for e in tried if e.candidate == c) for c in CANDIDATES}
    of = [tried[place] for place in vote.parameters["experiments"]]

    assert [e.metrics["loss"] for e in of] == sorted(best.values())[:2]
    assert vote.parameters["of"] == [e.name for e in of]
    assert vote.window == ("full" if "full" in {e.window for e in of} else "recent")
    assert vote.metrics["loss"] <= max(e.metrics["loss"] for e in of)  # log loss is convex


def test_only_the_experiments_that_a_spec_names_are_tried():
    train, held = rows_of(2, 200), rows_of(2, 100, 1)
    starts = {"recent": 100, "full": 0}

    def names(*wanted):
        found = tune(train, held, starts, Limits(timedelta(0), 6, wanted=wanted))
        return {e.name for e in found.experiments}

    assert names("linear") == {"linear on recent", "linear on full"}
    assert names("lightgbm on full") == {"lightgbm on full"}
    assert {n.split()[0] for n in names("vote")} == {"linear", "lightgbm", "histogram", "vote"}
    both = names("linear on full", "histogram on full", "vote")
    assert {n.split()[0] for n in both} == {"linear", "histogram", "vote"}
    with pytest.raises(ValueError, match="linear on post_change can be tried"):
        names("linear on post_change")
    assert set(CANDIDATES) | {"vote", "linear on recent"} <= set(EXPERIMENTS)


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_with_no_time_every_candidate_is_tried_once_and_the_best_is_chosen(classes):
    held = rows_of(classes, 100, 1)

    found = tune(rows_of(classes, 200), held, {"full": 0}, Limits(timedelta(0)))

    assert [e.candidate for e in found.experiments] == ["linear", "lightgbm", "histogram", "vote"]
    assert found.chosen.metrics["loss"] == min(e.metrics["loss"] for e in found.experiments)
    assert found.answers.shape == (100, max(classes, 1))


def test_equal_seeds_try_equal_things_and_another_seed_others():
    train, held = rows_of(2, 200), rows_of(2, 100, 1)

    def tried(seed):
        found = tune(train, held, {"recent": 100, "full": 0}, Limits(timedelta(0), 9, seed))
        return [(e.name, e.parameters, e.metrics) for e in found.experiments]

    assert tried(1) == tried(1)
    assert tried(1) != tried(2)
    assert {name for name, _, _ in tried(1)[:6]} == {
        f"{c} on {w}" for c in ("linear", "lightgbm", "histogram") for w in ("recent", "full")
    }


def test_a_window_of_one_class_is_passed_over():
    train = rows_of(2, 200)
    train.y[150:] = 1.0

    found = tune(train, rows_of(2, 50, 1), {"recent": 150, "full": 0}, Limits(timedelta(0), 3))

    assert {e.window for e in found.experiments} == {"full"}
    train.y[:] = 1.0
    with pytest.raises(ValueError, match="all of one class"):
        tune(train, rows_of(2, 50, 1), {"full": 0}, Limits(timedelta(0)))


def test_a_window_may_lack_a_class_that_others_have():
    train = rows_of(4, 300)
    train.y[100:][train.y[100:] >= 2] = 1.0

    found = tune(train, rows_of(4, 80, 1), {"recent": 100}, Limits(timedelta(0), 3))

    assert np.allclose(found.answers.sum(axis=1), 1)
    assert all(np.isfinite(e.metrics["loss"]) for e in found.experiments)


def test_windows_are_of_all_of_what_is_recent_and_of_what_came_since_a_change(made):
    def at(rows, change=None):
        stamps = np.arange(rows) * MINUTE + int(made.start.timestamp() * 1e6)
        return windows(stamps, None if change is None else made.start + timedelta(minutes=change))

    assert at(900) == {"full": 0}
    assert at(2000) == {"recent": 1000, "full": 0}
    assert at(30_000) == {"recent": 27_000, "full": 0}
    assert at(2000, 1700) == {"post_change": 1700, "recent": 1000, "full": 0}
    assert at(2000, 1900) == {"recent": 1000, "full": 0}
    assert at(250_000)["full"] == 50_000


def test_without_openmp_the_others_compete(monkeypatch, capsys):
    def missing(name):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr("trainer.research.candidates.import_module", missing)

    assert [c.name for c in load_libraries()] == ["linear", "histogram"]
    assert "libgomp.so.1" in capsys.readouterr().err
