"""Packages a challenger as an artefact: a directory of files with a manifest of their hashes.

The same challenger gives the same bytes, so the hash of the manifest is the hash of the model.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from monitor.core.spec import FeatureType, Task
from trainer.models import Model
from trainer.research.collect import Matrix
from trainer.research.features import Encoder
from trainer.votes import FORMS

MANIFEST = "manifest.json"
ENCODER = "encoder.json"
CARD = "model_card.md"
_LIBRARIES = ("numpy", "scikit-learn", "lightgbm", "skops")

Prediction = str | int | float
Score = float | Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artefact is: how it answers, what it was made of, and the hash of each file."""

    task: Task
    labels: tuple[str, ...]
    form: str
    candidate: str
    window: str
    parameters: Mapping[str, Any]
    features: Mapping[str, FeatureType]
    snapshot: str
    rows: int
    metrics: Mapping[str, float]
    libraries: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Packaged:
    """An artefact that was loaded: a model with the encoder of its features."""

    manifest: Manifest
    encoder: Encoder
    model: Model

    def answers(self, rows: Sequence[Mapping[str, object]]) -> Matrix:
        """Probabilities, shape (rows, classes), or numbers, shape (rows, 1)."""
        return self.model.answer(self.encoder.rows(rows))

    def worded(self, answers: Matrix) -> list[tuple[Prediction, Score]]:
        """Each answer as prediction and score; the score of a binary model is of its last class."""
        labels = self.manifest.labels
        if not labels:
            return [(value, None) for value in answers[:, 0].tolist()]
        named = as_sent(labels)
        places = answers.argmax(axis=1).tolist()
        if self.manifest.task is Task.BINARY:
            return list(zip((named[p] for p in places), answers[:, 1].tolist(), strict=True))
        scores = [dict(zip(labels, row, strict=True)) for row in answers.tolist()]
        return list(zip((named[p] for p in places), scores, strict=True))


def as_sent(labels: Sequence[str]) -> list[str | int]:
    """Labels as JSON values: integers where every one is the text of an integer.

    >>> as_sent(["0", "1"]), as_sent(["1", "no"]), as_sent(["01", "1"])
    ([0, 1], ['1', 'no'], ['01', '1'])
    """
    if all(label.lstrip("-").isdecimal() and str(int(label)) == label for label in labels):
        return [int(label) for label in labels]
    return list(labels)


def write(directory: Path, model: Model, encoder: Encoder) -> None:
    """Write down a model and the encoder of its features; `seal` makes an artefact of them."""
    directory.mkdir(parents=True, exist_ok=True)
    model.write(directory)
    (directory / ENCODER).write_bytes(_json(encoder))


def read_encoder(directory: Path) -> Encoder:
    """The encoder that `write` wrote."""
    return msgspec.json.decode((directory / ENCODER).read_bytes(), type=Encoder)


def seal(written: Path, directory: Path, manifest: Manifest) -> str:
    """Make an artefact of what `write` wrote; the answer is its hash.

    `manifest` leaves out files and libraries, which are filled in here.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in (FORMS[manifest.form].file, ENCODER):
        shutil.copyfile(written / name, directory / name)
    (directory / CARD).write_text(card(manifest), encoding="utf-8")
    libraries = {"python": ".".join(map(str, sys.version_info[:2]))}
    libraries |= {name: version(name) for name in _LIBRARIES}
    names = sorted((FORMS[manifest.form].file, ENCODER, CARD))
    files = {name: _hash(directory / name) for name in names}
    whole = replace(manifest, libraries=libraries, files=files)
    (directory / MANIFEST).write_bytes(_json(whole))
    return digest(directory)


def digest(directory: Path) -> str:
    """The hash of an artefact."""
    return _hash(directory / MANIFEST)


def load(directory: Path, expected: str | None = None) -> Packaged:
    """Load an artefact after its hashes are verified, those it says and the one expected of it.

    Raises ValueError if a hash differs or a file cannot be read, OSError if one is not there.
    """
    if expected is not None and digest(directory) != expected:
        raise ValueError("the manifest is not the one that was packaged")
    try:
        manifest = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the manifest cannot be read: {error}") from error
    for name, wanted in manifest.files.items():
        if Path(name).name != name or _hash(directory / name) != wanted:
            raise ValueError(f"{name} is not the file that was packaged")
    if manifest.form not in FORMS:
        raise ValueError(f"unknown form {manifest.form!r}; known: {', '.join(FORMS)}")
    form = FORMS[manifest.form]
    if not {form.file, ENCODER} <= set(manifest.files):
        raise ValueError("the manifest does not vouch for the model and its encoder")
    try:
        model = form.read(directory, len(manifest.labels))
    except Exception as error:  # each library has errors of its own, and a version of it may differ
        raise ValueError(f"{form.file} cannot be read: {error}") from error
    return Packaged(manifest, read_encoder(directory), model)


def card(manifest: Manifest) -> str:
    """The model card, as Markdown (after M. Mitchell et al., FAT* 2019).

    What the model is for, what it learned from, how good it was on rows it never saw.
    """
    labels = ", ".join(f"`{label}`" for label in manifest.labels) or "a number"
    metrics = "\n".join(f"| {name} | {value:.6g} |" for name, value in manifest.metrics.items())
    features = "\n".join(f"| `{name}` | {kind} |" for name, kind in manifest.features.items())
    settings = "\n".join(f"| {name} | {value} |" for name, value in manifest.parameters.items())
    return f"""# Model card

A {manifest.task} model that answers {labels}. Candidate: {manifest.candidate},
learned from {manifest.rows} labelled rows (window: {manifest.window}) of the snapshot
`{manifest.snapshot}`. It knows the traffic of that time; when that changes, its answers get worse.

## How good it was
On the newest rows of the snapshot, which it never learned from:

| Metric | Value |
|---|---|
{metrics}

## What it reads
A missing feature, an unknown category and a value of a wrong type count as missing or rare.

| Feature | Type |
|---|---|
{features}

## Parameters
| Name | Value |
|---|---|
{settings}
"""


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
