"""What a model server answered → the parts of rows: prediction, score, and the rest as tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.core.ports import Json
from monitor.core.spec import ModelSpec, Task

_OF_SCORES = ("prob", "score", "confidence")


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a model: a value a row, and the classes that lists of values stand for."""

    name: str
    values: Sequence[Any]
    classes: Sequence[str] | None = None


def answer_parts(outputs: Sequence[Output], size: int, spec: ModelSpec) -> list[Json]:
    """The parts of `size` rows.

    A list of numbers is the probability of each class: all of them for a multiclass model, that of
    the positive label (else the second) for a binary one. A fraction that a binary model answers is
    a score, and so is a number named `prob...`, `score` or `confidence`. The first output that is
    neither is the prediction, else it is the most probable class where the classes are known.
    Outputs that have no place in a row become its tags.

    >>> spec = ModelSpec(Task.BINARY)
    >>> answer_parts([Output("predict", [1]), Output("predict_proba", [[0.25, 0.75]])], 1, spec)
    [{'prediction': 1, 'score': 0.75}]
    """
    rows: list[Json] = [{} for _ in range(size)]
    guesses: list[Sequence[Any]] = []
    for output in outputs:
        part, values = _read(output, spec, guesses)
        for row, value in zip(rows, values, strict=True):
            if value is None:
                continue
            if part in row:
                row.setdefault("tags", {})[output.name] = value
            else:
                row[part] = value
    for guessed in guesses:
        for row, value in zip(rows, guessed, strict=True):
            if value is not None:
                row.setdefault("prediction", value)
    return rows


def _read(
    output: Output, spec: ModelSpec, guesses: list[Sequence[Any]]
) -> tuple[str, Sequence[Any]]:
    """Which part an output is, and its values; most probable classes are added to the guesses."""
    if spec.task is Task.REGRESSION:
        return "prediction", output.values
    given = [value for value in output.values if value is not None]
    if given and all(_is_vector(value) for value in given):
        classes = _classes(output, len(given[0]), spec)
        if all(len(v) == len(given[0]) for v in given) and classes is not None:
            guesses.append([_most_probable(v, classes, spec) for v in output.values])
            return "score", [_score(v, classes, spec) for v in output.values]
    if given and all(isinstance(value, dict) for value in given) and _is_of_scores(output.name):
        return "score", [_score_of(value, spec) for value in output.values]
    numbers = bool(given) and all(_is_number(value) for value in given)
    is_score = numbers and (
        _is_of_scores(output.name) or (spec.task is Task.BINARY and _has_fraction(given))
    )
    return "score" if is_score else "prediction", output.values


def _is_of_scores(name: str) -> bool:
    return any(word in name.lower() for word in _OF_SCORES)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_vector(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(map(_is_number, value))


def _has_fraction(values: Sequence[float]) -> bool:
    return all(0 <= v <= 1 for v in values) and any(0 < v < 1 for v in values)


def _classes(output: Output, width: int, spec: ModelSpec) -> Sequence[str] | None:
    """The class of each number of a list; None where a binary model has not two."""
    if output.classes is not None and len(output.classes) == width:
        return output.classes
    if spec.task is Task.BINARY and width != 2:
        return None
    return [str(number) for number in range(width)]


def _score(
    vector: Sequence[float] | None, classes: Sequence[str], spec: ModelSpec
) -> float | Mapping[str, float] | None:
    if vector is None:
        return None
    if spec.task is Task.MULTICLASS:
        return dict(zip(classes, vector, strict=True))
    return vector[classes.index(spec.positive) if spec.positive in classes else len(classes) - 1]


def _most_probable(
    vector: Sequence[float] | None, classes: Sequence[str], spec: ModelSpec
) -> str | None:
    """None where the numbers of the classes are all that is known, and are not the labels."""
    if vector is None or (spec.task is Task.BINARY and spec.positive not in classes):
        return None
    return classes[max(range(len(vector)), key=lambda i: _order(vector[i]))]


def _order(value: float) -> float:
    return value if value == value else float("-inf")  # noqa: PLR0124  NaN is never the largest


def _score_of(value: Mapping[str, Any] | None, spec: ModelSpec) -> Any:
    """The score in an object of classes: of the positive label where that is one of them."""
    if value is None or spec.task is Task.MULTICLASS:
        return value
    return value.get(spec.positive, value)
