"""Artefacts: nothing that was changed is loaded, whatever was changed."""

import json
import shutil

import pytest

from trainer.development import package


@pytest.fixture
def artefact(first, tmp_path):
    return shutil.copytree(first[0] / "artefact", tmp_path / "artefact")


def test_an_artefact_answers_as_the_model_that_was_packaged(artefact, first):
    packaged = package.load(artefact, package.digest(artefact))

    assert packaged.manifest.labels == ("0", "1")
    assert packaged.manifest.snapshot == first[0].numbers("snapshot.json")["sha256"]
    assert packaged.manifest.libraries["lightgbm"]
    assert str(first[0].path) not in "".join(
        p.read_text(errors="ignore") for p in artefact.iterdir()
    )
    prediction, score = packaged.worded(packaged.answers([{"size": 3.0, "colour": "red"}]))[0]
    assert prediction in {0, 1}
    assert 0 <= score <= 1
    card = (artefact / "model_card.md").read_text()
    assert "| `size` | number |" in card
    assert "log_loss" in card


@pytest.mark.parametrize("name", ["encoder.json", "model_card.md", "manifest.json"])
def test_a_file_that_was_changed_is_refused(artefact, name):
    digest = package.digest(artefact)
    with (artefact / name).open("a") as file:
        file.write(" ")

    with pytest.raises(ValueError, match="not the"):
        package.load(artefact, digest)


def test_a_manifest_that_leaves_the_model_out_or_points_elsewhere_is_refused(artefact):
    manifest = json.loads((artefact / "manifest.json").read_text())
    for change, match in (
        ({"files": {}}, "does not vouch"),
        ({"files": {"../model": "0"}}, "not the file"),
        ({"form": "pickle"}, "unknown form"),
    ):
        (artefact / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(ValueError, match=match):
            package.load(artefact)
    (artefact / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match="manifest cannot be read"):
        package.load(artefact)
    shutil.rmtree(artefact)
    with pytest.raises(OSError, match="manifest"):
        package.load(artefact)
