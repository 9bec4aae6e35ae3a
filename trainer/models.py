"""The kinds of fitted model: how each answers, is written down, and is read back.

All answer a matrix, shape (rows, columns), NaN where missing, with a matrix of probabilities,
shape (rows, classes), or of numbers, shape (rows, 1). Heavy libraries load with the first model
that needs them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import msgspec
import numpy as np

from trainer.canonical import canonical
from trainer.research.collect import Matrix

_TRUSTED = [
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
]
"""What a histogram model is made of beside what skops trusts; never read from an artefact."""


class Model(Protocol):
    """Something fitted. `form` names the kind, `file` what it is written to."""

    form: ClassVar[str]
    file: ClassVar[str]

    def answer(self, x: Matrix) -> Matrix:
        """Probabilities of the classes, rows adding up to 1, or numbers."""

    def write(self, directory: Path) -> None:
        """Write `file`; equal models give equal bytes."""

    @classmethod
    def read(cls, directory: Path, classes: int) -> "Model":
        """What `write` wrote, for so many classes. The caller has verified its hash."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of scaled numbers, of whether they are missing, and of categories.

        z = b + W u,   u = ((x - centre) / scale, 0 where missing; missing?; category = c?)

    Answers softmax(z), the sigmoid of z for two classes, or z itself where `classes` is 0.
    `levels` says for each column how many categories it has, 0 for a number.
    """

    form: ClassVar[str] = "linear"
    file: ClassVar[str] = "model.json"
    classes: int
    levels: Sequence[int]
    centre: Matrix
    scale: Matrix
    weights: Matrix
    intercept: Matrix

    def answer(self, x: Matrix) -> Matrix:
        """Probabilities or numbers."""
        z = design(x, self.levels, self.centre, self.scale) @ self.weights.T + self.intercept
        if not self.classes:
            return np.asarray(z)
        if z.shape[1] == 1:
            z = np.hstack([np.zeros_like(z), z])
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(z / z.sum(axis=1, keepdims=True))

    def write(self, directory: Path) -> None:
        """As JSON."""
        numbers = {
            "levels": list(self.levels),
            **{name: getattr(self, name).tolist() for name in _ARRAYS},
        }
        (directory / self.file).write_bytes(msgspec.json.encode(numbers))

    @classmethod
    def read(cls, directory: Path, classes: int) -> "Linear":
        """From JSON."""
        found: Mapping[str, Any] = msgspec.json.decode((directory / cls.file).read_bytes())
        arrays = {name: np.array(found[name], np.float64) for name in _ARRAYS}
        return cls(classes, found["levels"], **arrays)


_ARRAYS = ("centre", "scale", "weights", "intercept")


def design(x: Matrix, levels: Sequence[int], centre: Matrix, scale: Matrix) -> Matrix:
    """The columns that a linear model weighs, shape (rows, 2 * numbers + sum of levels + 1 each).

    A category column becomes one column a known category and one for any other; missing is none.
    """
    cardinal = np.asarray(levels) > 0
    numbers = (x[:, ~cardinal] - centre) / scale
    missing = np.isnan(numbers)
    parts = [np.where(missing, 0.0, numbers), missing.astype(np.float64)]
    parts += [
        (x[:, place, None] == np.arange(known + 1)).astype(np.float64)
        for place, known in enumerate(levels)
        if known
    ]
    return np.hstack(parts)


@dataclass(frozen=True, slots=True)
class Boosted:
    """A LightGBM booster (Ke et al., NeurIPS 2017), kept in the library's own text."""

    form: ClassVar[str] = "lightgbm"
    file: ClassVar[str] = "model.txt"
    classes: int
    booster: Any

    def answer(self, x: Matrix) -> Matrix:
        """Probabilities or numbers."""
        found = np.asarray(self.booster.predict(x, num_threads=1), np.float64)
        if self.classes == 2:
            return np.stack([1 - found, found], axis=1)
        return found.reshape(len(x), -1)

    def write(self, directory: Path) -> None:
        """As text."""
        (directory / self.file).write_text(self.booster.model_to_string())

    @classmethod
    def read(cls, directory: Path, classes: int) -> "Boosted":
        """From text."""
        import lightgbm  # noqa: PLC0415  1.5 s that a service with a linear model never pays

        text = (directory / cls.file).read_text()
        return cls(classes, lightgbm.Booster(model_str=text))


@dataclass(frozen=True, slots=True)
class Histogram:
    """A histogram gradient boosting of scikit-learn, kept by skops.

    Categories are ordered by how frequent they are. A class that the rows lacked has probability 0.
    """

    form: ClassVar[str] = "histogram"
    file: ClassVar[str] = "model.skops"
    classes: int
    estimator: Any

    def answer(self, x: Matrix) -> Matrix:
        """Probabilities or numbers."""
        if not self.classes:
            return np.asarray(self.estimator.predict(x), np.float64)[:, None]
        found = np.zeros((len(x), self.classes))
        found[:, self.estimator.classes_.astype(np.int64)] = self.estimator.predict_proba(x)
        return found

    def write(self, directory: Path) -> None:
        """As a skops file without addresses and dates."""
        from skops.io import dumps  # noqa: PLC0415  1 s that only this form pays

        (directory / self.file).write_bytes(canonical(dumps(self.estimator)))

    @classmethod
    def read(cls, directory: Path, classes: int) -> "Histogram":
        """From a skops file, of trusted types only. Raises skops' UntrustedTypesFoundException."""
        from skops.io import loads  # noqa: PLC0415

        content = (directory / cls.file).read_bytes()
        return cls(classes, loads(content, trusted=list(_TRUSTED)))


SINGLE: Mapping[str, type[Linear] | type[Boosted] | type[Histogram]] = MappingProxyType(
    {form.form: form for form in (Linear, Boosted, Histogram)}
)
