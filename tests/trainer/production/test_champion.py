"""The champion server: quick, undisturbed by swaps, and never left without the last good one."""

import shutil
import threading
import time

import numpy as np
import pytest

from trainer.development import package
from trainer.production.registry import Version


@pytest.fixture
def served(house, first, made):
    house.add("m", "binary", made.table("binary", 10))
    for name in ("a", "b"):
        shutil.copytree(first[0] / "artefact", house.data_dir / name)
        digest = package.digest(house.data_dir / name)
        version = Version("m", "", "r", name, digest, made.start)
        number = house.registry.add_version(version).name
        house.registry.promote("m", number, house.registry.generation("m"), made.start)
    house.champions.restore()
    return house


def test_one_row_takes_far_less_than_a_millisecond_or_so(served):
    row = {"size": 1.0, "colour": "red", "vector": [1.0, 1.0], "note": "a b"}
    times = []
    for _ in range(300):
        began = time.perf_counter()
        served.champions.answer("m", [row])
        times.append(time.perf_counter() - began)

    assert np.median(times) < 2e-3  # about 0.1 ms where nobody else computes


def test_a_batch_is_answered_as_its_rows_are(served):
    rows = [{"size": s} for s in (-2.0, 0.1, 2.0)] + [{}]

    assert served.champions.answer("m", rows) == [
        served.champions.answer("m", [row])[0] for row in rows
    ]
    assert served.champions.answer("m", []) == []


def test_swaps_disturb_nobody_who_is_being_answered(served):
    versions = [served.champions.load(v) for v in served.registry.versions("m")]
    problems, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers = served.champions.answer("m", [{"size": 2.0}, {"size": -2.0}])
            if len({a.version for a in answers}) != 1:
                problems.append(answers)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for i in range(200):
        served.champions.install("m", versions[i % 2])
    stop.set()
    for asker in askers:
        asker.join()

    assert not problems


def test_where_the_champion_does_not_load_the_one_before_answers_and_it_is_said(served):
    (served.data_dir / "b" / "model_card.md").write_text("other")

    problems = served.champions.restore()

    assert "version 2 does not load" in problems["m"]
    assert "version 1 answers" in problems["m"]
    assert served.champions.answer("m", [{}])[0].version == "1"
    (served.data_dir / "a" / "model_card.md").write_text("other")
    assert served.champions.restore()["m"].startswith("version 2 does not load")
