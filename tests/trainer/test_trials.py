"""Versions on trial, with real artefacts and actuals that come later: bad ones go, others stay."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.core.decisions import RetrainRequest
from monitor.core.errors import NothingToRollBackToError
from monitor.core.windows import Window
from trainer.development import package
from trainer.production.champion import Serving
from trainer.production.registry import Version
from trainer.production.trial import Ending, Kind
from trainer.records import Record, Run, Status
from trainer.run import run

ROW = {"size": 3.0, "colour": "red"}


@pytest.fixture(scope="session")
def contrary(tmp_path_factory, made):
    """A run whose model learned the opposite of what holds."""
    directory = made.directory(
        tmp_path_factory.mktemp("contrary"), "binary", made.table("binary", flip=0), trials=1
    )
    run(directory)
    return directory


@pytest.fixture
def stage(house, first, contrary, made):
    """A house with a good and a contrary version, none of which answers yet."""
    house.add("m", "binary", made.table("binary", 600))
    for number, source in enumerate((first[0], contrary), 1):
        name = f"r{number}"
        home = house.data_dir / "runs" / name
        shutil.copytree(source.path, home)
        request = RetrainRequest("m", "because", house.clock())
        record = Record(snapshot=source.numbers("snapshot.json"))
        left = Run(name, request, Status.SUCCEEDED, record=record, version=str(number))
        house.registry.open_run(left)
        house.registry.save_run(left)
        digest = package.digest(home / "artefact")
        artefact = f"runs/{name}/artefact"
        house.registry.add_version(Version("m", "", name, artefact, digest, house.clock()))
    return house


def come(house, made, rows, flip=None):
    """So many labelled predictions come after what both have learned."""
    table = made.table("binary", 600 + rows, seed=0, flip=flip)
    origin = ["reference"] * 600 + ["prediction"] * rows
    place = table.column_names.index("origin")
    house.rows["m"] = table.set_column(place, "origin", [origin])
    house.worker.trials.watch(at_once=True)


def answering(house):
    return house.champions.answer("m", [ROW])[0].version


def trials(house, run="r2"):
    return house.worker.run("m", run)["trials"]


def test_a_bad_promotion_is_rolled_back_as_soon_as_actuals_tell(stage, made):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    assert answering(stage) == "2"
    come(stage, made, 40)
    assert trials(stage)[0]["looks"] == []

    come(stage, made, 60)

    assert answering(stage) == "1"
    (trial,) = trials(stage)
    assert (trial["kind"], trial["ending"], trial["rival"]) == ("probation", "failed", "1")
    assert trial["looks"][0]["rows"] == 60
    assert "rolled back to 1: worse on 60 rows" in stage.decisions[-1].reason
    assert stage.references.keys() >= {("m", "1"), ("m", "2")}
    with pytest.raises(NothingToRollBackToError):
        stage.worker.rollback("m")


def test_a_good_promotion_stays_and_its_probation_ends(stage, made):
    stage.worker.promote("m", "2")
    stage.worker.promote("m", "1")
    for rows in (100, 300, 900):
        come(stage, made, rows)

    assert answering(stage) == "1"
    assert trials(stage, "r1")[0]["ending"] == "passed"
    assert stage.champions.post("m").spare is None


def test_actuals_of_windows_with_bad_data_decide_nothing(stage, made):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    stage.bad = [Window(made.start, made.start + timedelta(days=30))]
    come(stage, made, 300)

    assert answering(stage) == "2"
    assert trials(stage)[0]["ending"] is None


def begin(house, kind, version, rival):
    registry = house.registry
    house.worker.trials.begin(kind, registry.version("m", version), registry.version("m", rival))


def test_a_shadow_that_is_better_takes_over_and_is_on_probation_then(stage, made):
    stage.worker.promote("m", "2")
    begin(stage, Kind.SHADOW, "1", "2")
    come(stage, made, 60)
    assert answering(stage) == "2"

    come(stage, made, 120)

    assert answering(stage) == "1"
    ended = {t["kind"]: t["ending"] for t in trials(stage, "r1")}
    assert ended == {"shadow": "passed", "probation": None}
    assert stage.worker.run("m", "r1")["status"] == "succeeded"


def test_a_shadow_that_is_worse_is_dropped_and_one_on_demand_waits_for_a_person(stage, made):
    stage.worker.promote("m", "1")
    begin(stage, Kind.SHADOW, "2", "1")
    come(stage, made, 120)
    assert answering(stage) == "1"
    assert stage.worker.run("m", "r2")["status"] == "rejected"
    assert stage.worker.run("m", "r2")["error"].startswith("not better on 120 rows")

    spec = stage.specs["m"]
    stage.specs["m"] = replace(spec, retrain=replace(spec.retrain, promote="manual"))
    stage.worker.promote("m", "2")
    begin(stage, Kind.SHADOW, "1", "2")
    come(stage, made, 120)
    assert answering(stage) == "2"
    assert stage.worker.run("m", "r1")["status"] == "succeeded"
    assert "waits to be promoted by a person" in stage.decisions[-1].reason


def with_canary(house, share=0.25):
    spec = house.specs["m"]
    house.specs["m"] = replace(spec, retrain=replace(spec.retrain, canary=share))


def test_a_canary_answers_its_share_until_actuals_show_that_it_is_not_worse(stage, made):
    with_canary(stage)
    stage.worker.promote("m", "2")
    version = stage.registry.version("m", "1")
    status = stage.worker.trials.promoted(version, stage.registry.generation("m"))
    assert status is Status.ON_TRIAL
    said = [a.version for a in stage.champions.answer("m", [ROW] * 400)]
    assert 95 <= said.count("1") <= 105
    assert said[:40].count("1") in range(8, 13)  # spread, not in a row
    answers = stage.champions.answer("m", [{"size": 3.0}, {"size": -3.0}] * 50)
    right = [a.prediction == (1 - i % 2) for i, a in enumerate(answers)]
    assert right == [a.version == "1" for a in answers]  # each answer is of its own row

    come(stage, made, 900)

    assert answering(stage) == "1"
    assert [t["kind"] for t in trials(stage, "r1")] == ["canary", "probation"]


def test_a_canary_that_is_worse_never_answers_alone(stage, made):
    with_canary(stage)
    stage.worker.promote("m", "1")
    version = stage.registry.version("m", "2")
    stage.worker.trials.promoted(version, stage.registry.generation("m"))
    come(stage, made, 120)

    assert {a.version for a in stage.champions.answer("m", [ROW] * 100)} == {"1"}
    assert stage.worker.run("m", "r2")["status"] == "rejected"
    assert ("m", "2") in stage.references


class Breaking:
    """A model that breaks on every row."""

    def answer(self, x):
        raise RuntimeError("tree index out of range")


def test_a_champion_that_cannot_answer_is_stood_in_for_and_rolled_back_at_once(stage, made):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    post = stage.champions.post("m")
    broken = Serving("2", replace(post.champion.packaged, model=Breaking()))
    stage.champions.install("m", broken, post.spare)

    assert answering(stage) == "1"  # nobody is left without an answer
    stage.worker.trials.watch(at_once=True)

    assert stage.champions.post("m").champion.version == "1"
    (trial,) = trials(stage)
    assert trial["reason"] == "1 rows could not be answered: RuntimeError: tree index out of range"


def test_a_champion_that_became_slow_is_rolled_back(stage, made):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    post = stage.champions.post("m")
    for _ in range(120):
        post.champion.health.well(1, 0.09)
        post.spare.health.well(1, 0.001)
    stage.worker.trials.watch(at_once=True)

    assert answering(stage) == "1"
    assert "a row takes 90.0 ms, the version before 1.0" in stage.decisions[-1].reason


def test_who_decides_otherwise_ends_the_trial(stage, made):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    stage.worker.rollback("m")
    assert trials(stage)[0]["ending"] == "superseded"

    begin(stage, Kind.SHADOW, "2", "1")
    stage.registry.promote("m", "2", stage.registry.generation("m"), stage.clock())
    stage.worker.trials.watch(at_once=True)
    assert trials(stage)[-1]["ending"] == "superseded"
    assert stage.worker.run("m", "r2")["status"] == "succeeded"  # it leads, whoever saw to that


def test_trials_go_on_after_a_restart(stage, made):
    with_canary(stage)
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    stage.champions.restore()
    assert stage.champions.post("m").spare is None
    stage.worker.trials.restore()
    assert stage.champions.post("m").spare.version == "1"

    version = stage.registry.version("m", "1")
    stage.worker.trials.promoted(version, stage.registry.generation("m"))
    stage.champions.restore()
    stage.worker.trials.restore()
    assert stage.champions.post("m").canary.version == "1"


def test_a_rival_that_no_longer_loads_is_said_and_nothing_breaks(stage, made, caplog):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    (stage.data_dir / "runs" / "r1" / "artefact" / "encoder.json").write_text("{}")
    stage.champions.restore()
    stage.worker.trials.restore()
    assert "goes on without its second version" in caplog.text
    come(stage, made, 100)
    assert "could not be looked at" in caplog.text
    assert answering(stage) == "2"


def test_only_rows_that_neither_has_learned_from_count(stage, made):
    stage.worker.promote("m", "1")
    version, champion = (stage.registry.version("m", name) for name in ("2", "1"))
    trial = stage.worker.trials.begin(Kind.SHADOW, version, champion)
    newest = max(
        datetime.fromisoformat(stage.registry.run("m", name).record.snapshot["to"])
        for name in ("r1", "r2")
    )

    assert trial.since == int(newest.timestamp() * 1e6)
    assert trial.ending is not Ending.PASSED


def test_a_trial_that_has_been_open_for_long_is_looked_at_less_often(stage, made):
    stage.worker.promote("m", "1")
    stage.worker.promote("m", "2")
    (trial,) = stage.registry.trials.open("m")
    waits = []
    for age in (timedelta(seconds=1), timedelta(hours=1), timedelta(days=3)):
        stage.now = trial.began_at + age
        waits.append(stage.worker.trials._longest(trial))

    assert waits[0] == 3.0
    assert waits[1] == pytest.approx(18, abs=1)
    assert waits[2] == 60.0
