"""The examination in a clean process, and its judgement."""

import shutil

import numpy as np

from trainer.development import checks, package
from trainer.development.checks import Examination, Examined, Examiner
from trainer.research import collect


def test_a_broken_artefact_breaks_the_clean_process_and_not_ours(first, tmp_path):
    shutil.copytree(first[0] / "artefact", tmp_path / "a")
    (tmp_path / "a" / "encoder.json").write_text("{}")

    found = Examiner().examine(tmp_path / "a", [{}])
    reasons = checks.judge(found, np.zeros((1, 2)), 10)

    assert isinstance(found, str)
    assert "encoder.json is not the file that was packaged" in found
    assert [(r.check, r.passed) for r in reasons] == [("loads", False), ("size", True)]


def test_a_sound_artefact_survives_every_damage(first):
    directory, _ = first
    packaged = package.load(directory / "artefact")
    rows = collect.read(directory / "snapshot.parquet").part(0, 20)
    sent = checks.sendable(rows, [f.name for f in packaged.encoder.features])

    found = checks.examine(Examination(str(directory / "artefact"), sent))
    expected = packaged.model.answer(packaged.encoder.table(rows))
    reasons = checks.judge(found, expected, 1000)

    assert found.broken == []
    assert all(reason.passed for reason in reasons)
    assert [r.check for r in reasons] == ["loads", "survives", "latency", "memory", "size"]


def test_each_check_can_fail():
    expected = np.array([[0.4, 0.6]])
    bad = Examined([[0.6, 0.4]], ["x null: no finite answer"], 3, [30.0] * 9, 2 * 10**9)

    reasons = {r.check: r for r in checks.judge(bad, expected, 10**9)}

    assert not any(reason.passed for reason in reasons.values())
    assert "x null" in reasons["survives"].detail
    assert all(reason.blocks for reason in reasons.values())
