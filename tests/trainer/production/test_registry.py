"""The registry: one champion whoever promotes, and a way back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.decisions import RetrainRequest
from monitor.core.errors import NothingToRollBackToError, StalePromotionError
from trainer.production.registry import Registry, Version
from trainer.records import Outcome, Record, Run, Status, Verdict


@pytest.fixture
def registry(tmp_path):
    opened = Registry(tmp_path / "registry.sqlite")
    yield opened
    opened.close()


def add(registry, made, seen=(), model="m"):
    return registry.add_version(Version(model, "", "r", "runs/r/a", "hash", made.start), seen).name


def take(registry, name, made):
    registry.promote("m", name, registry.generation("m"), made.start)


def test_of_many_promotions_at_once_exactly_one_takes_effect(registry, made):
    names = [add(registry, made) for _ in range(8)]
    start = threading.Barrier(8)

    def promote(name):
        start.wait()
        try:
            registry.promote("m", name, 0, made.start)
        except StalePromotionError:
            return None
        return name

    with ThreadPoolExecutor(8) as pool:
        winners = [name for name in pool.map(promote, names) if name]

    assert len(winners) == 1
    assert registry.champion("m").name == winners[0]
    assert registry.generation("m") == 1


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_threads_that_come_and_go_leave_no_descriptors(registry, made):
    take(registry, add(registry, made), made)
    before = descriptors()

    for _ in range(60):
        thread = threading.Thread(target=registry.champion, args=("m",))
        thread.start()
        thread.join()
    with ThreadPoolExecutor(32) as pool:
        found = {version.name for version in pool.map(registry.champion, ["m"] * 200)}

    assert found == {"1"}
    assert descriptors() <= before + 3 * 8  # the file, its log, its index


def test_names_are_larger_than_any_version_that_was_seen(registry, made):
    assert add(registry, made) == "1"
    assert add(registry, made, ["41", "v99", "", "9" * 40]) == "42"
    assert add(registry, made) == "43"
    assert add(registry, made, model="other") == "1"


def test_rollbacks_go_ever_further_back_and_never_forward(registry, made):
    for _ in range(3):
        take(registry, add(registry, made), made)

    def back():
        version = registry.earlier("m")[0].name
        registry.roll_back("m", version, registry.generation("m"), made.start)
        return version

    assert [back(), back()] == ["2", "1"]
    with pytest.raises(NothingToRollBackToError):
        back()
    take(registry, "3", made)
    assert [v.name for v in registry.earlier("m")] == ["1"]
    assert registry.training("m").retired == {"1", "2"}


def test_the_newest_challenger_is_the_challenger_and_what_was_replaced_is_archived(registry, made):
    take(registry, add(registry, made), made)
    add(registry, made)
    add(registry, made)
    assert [(v.name, v.alias) for v in registry.versions("m")] == [
        ("3", "challenger"),
        ("2", "archived"),
        ("1", "champion"),
    ]


def test_all_is_there_after_a_restart(tmp_path, made):
    first = Registry(tmp_path / "r.sqlite")
    take(first, add(first, made), made)
    first.open_run(Run("r1", RetrainRequest("m", "why", made.start), created_at=made.start))
    first.close()

    again = Registry(tmp_path / "r.sqlite")

    assert again.champion("m").name == "1"
    assert again.run("m", "r1").request.reason == "why"
    assert again.models() == ["m"]
    again.close()


def test_rejections_are_counted_since_the_last_success(registry, made):
    statuses = [Status.REJECTED, Status.SUCCEEDED, Status.REJECTED, Status.FAILED, Status.REJECTED]
    for i, status in enumerate(statuses):
        request = RetrainRequest("m", "why", made.start)
        run = Run(f"r{i}", request, status, started_at=made.start, finished_at=made.start)
        registry.open_run(run)

    assert registry.training("m").rejected_in_row == 2
    unsure = Record(verdict=Verdict(Outcome.REJECT, "shadow"))
    registry.save_run(replace(run, record=unsure))
    assert registry.training("m").rejected_in_row == 0  # more rows may tell soon
    assert not registry.training("m").running
    assert registry.training("m").last_started_at == made.start


def test_what_is_known_of_training_is_read_again_after_every_write(registry, made):
    assert registry.training("m") is registry.training("m")
    before = registry.training("m")
    add(registry, made)
    assert registry.training("m") is not before
