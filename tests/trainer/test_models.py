"""Models come back from their files as they were, and nothing else comes back."""

import io
import zipfile

import numpy as np
import pytest

from trainer import models
from trainer.research.candidates import CANDIDATES, Rows
from trainer.votes import FORMS, Vote


def fitted(candidate, classes, present=None):
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(size=(300, 2)), rng.integers(0, 4, 300)])
    x[rng.random((300, 3)) < 0.1] = np.nan
    value = np.nan_to_num(x[:, 0]) + rng.normal(scale=0.3, size=300)
    y = np.clip(np.round(value), 0, (present or classes) - 1) if classes else value
    rows = Rows(x, y, (0, 0, 3), classes)
    return candidate.fit(candidate.defaults, rows).model, x, y


@pytest.mark.parametrize("classes", [0, 2, 4])
@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: c.name)
def test_a_model_is_read_back_as_it_was_written_and_writes_the_same_bytes(
    candidate, classes, tmp_path
):
    model, x, _ = fitted(candidate, classes)
    model.write(tmp_path)
    read = FORMS[model.form].read(tmp_path, classes)
    first = (tmp_path / model.file).read_bytes()
    fitted(candidate, classes)[0].write(tmp_path)

    np.testing.assert_array_equal(read.answer(x), model.answer(x))
    assert (tmp_path / model.file).read_bytes() == first
    assert read.answer(x[:1]).shape == (1, max(classes, 1))
    if classes:
        np.testing.assert_allclose(read.answer(x).sum(axis=1), 1)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda c: c.name)
@pytest.mark.parametrize("present", [2, 3])
def test_a_class_that_the_rows_lacked_is_all_but_impossible(candidate, present):
    model, x, y = fitted(candidate, 4, present)

    answers = model.answer(x)

    assert answers.shape == (300, 4)
    assert answers[:, present:].max() < 0.01
    assert (answers.argmax(axis=1) == y).mean() > 0.6


def test_a_skops_file_with_a_foreign_type_is_refused(tmp_path):
    histogram, _, _ = fitted(CANDIDATES[2], 2)
    histogram.write(tmp_path)
    path = tmp_path / models.Histogram.file
    foreign = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(foreign, "w") as file:
        for name in given.namelist():
            content = given.read(name)
            if name == "schema.json":
                content = content.replace(b'"TreePredictor"', b'"Evil"')
            file.writestr(name, content)
    path.write_bytes(foreign.getvalue())

    with pytest.raises(TypeError, match=r"[Uu]ntrusted"):
        models.Histogram.read(tmp_path, 2)


@pytest.mark.parametrize("classes", [0, 2])
def test_a_vote_answers_the_mean_and_is_read_back_as_it_was_written(classes, tmp_path):
    parts = [fitted(candidate, classes) for candidate in CANDIDATES]
    vote, x = Vote(classes, [model for model, _, _ in parts]), parts[0][1]
    vote.write(tmp_path)
    first = (tmp_path / Vote.file).read_bytes()
    vote.write(tmp_path)

    expected = sum(model.answer(x) for model, _, _ in parts) / 3
    np.testing.assert_allclose(Vote.read(tmp_path, classes).answer(x), expected)
    assert (tmp_path / Vote.file).read_bytes() == first

    with zipfile.ZipFile(tmp_path / Vote.file, "w") as file:
        file.writestr("0-pickle/model.pkl", b"")
    with pytest.raises(ValueError, match="unknown form 'pickle'"):
        Vote.read(tmp_path, classes)
