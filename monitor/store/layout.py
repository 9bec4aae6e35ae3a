"""Where the rows of a model lie: its tables, and a numbered column for each feature."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from math import gcd

from monitor.core.rows import MICROSECOND
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.store.forms import NATURAL, Form

MOST_FEATURES = 10_000
"""Columns of one model; features that come past that are kept with their rows, and nothing more."""
PART = 400
"""Features that one table has columns for."""
_HOUR = timedelta(hours=1) // MICROSECOND


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """The numbered column of a feature. `form` is how its values are usually sent, once known."""

    number: int
    name: str
    type: FeatureType
    form: Form | None = None

    @property
    def column(self) -> str:
        """Its name in SQL."""
        return f"f{self.number}"

    @property
    def part(self) -> int:
        """Which of the model's tables has it: 0 is the one with the rows themselves."""
        return (self.number - 1) // PART

    @property
    def usual(self) -> Form:
        """The form of values that say no other."""
        return self.form or NATURAL[self.type]


@dataclass(frozen=True, slots=True)
class ModelTable:
    """What holds for a model, and where its rows lie."""

    number: int
    name: str
    declared: ModelSpec
    inferred: ModelSpec
    spec: ModelSpec
    columns: Mapping[str, FeatureColumn] = field(default_factory=dict)

    @property
    def predictions(self) -> str:
        """The table of predictions."""
        return f"predictions_{self.number}"

    @property
    def actuals(self) -> str:
        """The table of actuals."""
        return f"actuals_{self.number}"

    @property
    def reference(self) -> str:
        """The table of reference rows."""
        return f"reference_{self.number}"

    @property
    def parts(self) -> range:
        """The numbers of further tables with features."""
        return range(1, 1 + max((held.part for held in self.columns.values()), default=0))

    @property
    def is_regression(self) -> bool:
        """Whether predictions and actuals are numbers; else they are JSON texts of labels."""
        return self.spec.task is Task.REGRESSION

    @property
    def bucket(self) -> int:
        """Microseconds of one profile bucket: an hour, or less where windows are cut finer."""
        return gcd(self.spec.window.every // MICROSECOND, _HOUR)


def part_of(source: str, part: int) -> str:
    """The table with a part of the features of another table's rows; part 0 is that table."""
    return f"{source}_part_{part}" if part else source


def with_feature(source: str, held: FeatureColumn) -> str:
    """SQL for the rows of a table that have a column of a feature."""
    return f"{source} JOIN {part_of(source, held.part)} USING (place)" if held.part else source


def merged(declared: ModelSpec, inferred: ModelSpec) -> ModelSpec:
    """What holds: declared, else inferred, else the default."""
    features = {
        name: _filled(
            declared.features.get(name, FeatureSpec()), inferred.features.get(name, FeatureSpec())
        )
        for name in dict.fromkeys([*declared.features, *inferred.features])
    }
    positive = declared.positive_label
    return replace(
        declared,
        features=features,
        positive_label=inferred.positive_label if positive is None else positive,
    )


def _filled(declared: FeatureSpec, inferred: FeatureSpec) -> FeatureSpec:
    left = {
        f.name: getattr(inferred, f.name)
        for f in fields(FeatureSpec)
        if getattr(declared, f.name) is None
    }
    if declared.type is not None and declared.type != inferred.type:
        left = {}  # what was learned of another type says nothing about this one
    return replace(declared, **left)
