"""Several models that answer together, and every form of model that an artefact may hold."""

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np

from trainer.models import SINGLE, Boosted, Histogram, Linear, Model
from trainer.research.collect import Matrix


@dataclass(frozen=True, slots=True)
class Vote:
    """A soft vote: the mean of what its models answer (probabilities, or numbers).

    Source   L. Breiman, Mach. Learn. 24 (1996) 49 (averaging of models).
    """

    form: ClassVar[str] = "vote"
    file: ClassVar[str] = "model.zip"
    classes: int
    models: Sequence[Model]

    def answer(self, x: Matrix) -> Matrix:
        """Probabilities or numbers."""
        return np.asarray(np.mean([model.answer(x) for model in self.models], axis=0))

    def write(self, directory: Path) -> None:
        """As a zip file without dates: a folder for each model, named by place and form."""
        written = io.BytesIO()
        with ZipFile(written, "w", ZIP_DEFLATED) as file, tempfile.TemporaryDirectory() as scratch:
            for place, model in enumerate(self.models):
                model.write(Path(scratch))
                name = f"{place}-{model.form}/{model.file}"
                file.writestr(
                    ZipInfo(name), (Path(scratch) / model.file).read_bytes(), ZIP_DEFLATED
                )
        (directory / self.file).write_bytes(written.getvalue())

    @classmethod
    def read(cls, directory: Path, classes: int) -> "Vote":
        """From a zip file. Raises ValueError for a form that nobody knows."""
        models: list[Model] = []
        with ZipFile(directory / cls.file) as file, tempfile.TemporaryDirectory() as scratch:
            for name in sorted(file.namelist()):
                form = name.partition("/")[0].partition("-")[2]
                if form not in SINGLE:
                    raise ValueError(f"unknown form {form!r}; known: {', '.join(SINGLE)}")
                kind = SINGLE[form]
                (Path(scratch) / kind.file).write_bytes(file.read(name))
                models.append(kind.read(Path(scratch), classes))
        return cls(classes, models)


FORMS: Mapping[str, type[Linear] | type[Boosted] | type[Histogram] | type[Vote]] = MappingProxyType(
    {**SINGLE, Vote.form: Vote}
)
"""By name."""
