"""What is wrong with single values of rows, before anything is stored."""

from collections.abc import Iterator

import numpy as np

from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.verdicts import Misfits, Problem
from monitor.core.windows import Sample
from monitor.detectors.quality.cure import cure
from monitor.detectors.quality.suggestion import suggest


def problems(
    spec: ModelSpec, reference: Sample, sample: Sample, misfits: Misfits, row: int
) -> Iterator[Problem]:
    """The problems of one row: wrong type, missing or not finite, out of range, unknown."""
    for name, said in spec.features.items():
        raw = misfits.get(name, {})
        if row in raw:
            yield _misfit(name, said, raw[row])
        elif name in sample.numbers:
            yield from _of_number(name, said, reference, float(sample.numbers[name][row]))
        elif name in sample.labels:
            yield from _of_label(name, said, reference, sample.labels[name][row])


def _misfit(name: str, said: FeatureSpec, value: object) -> Problem:
    found = cure([value], said.type)
    told = f" ({found})" if found else ""
    text = f"{value!r:.80} does not fit the type {said.type}{told}"
    return Problem(name, "quality.type", text)


def _of_number(name: str, said: FeatureSpec, reference: Sample, value: float) -> Iterator[Problem]:
    if np.isnan(value):
        if name in reference.numbers and not np.isnan(reference.numbers[name]).any():
            yield Problem(name, "quality.missing", "is missing, and never was in the reference")
    elif np.isinf(value):
        yield Problem(name, "quality.missing", "is infinite")
    elif (said.min is not None and value < said.min) or (said.max is not None and value > said.max):
        low = "any" if said.min is None else f"{said.min:g}"
        high = "any" if said.max is None else f"{said.max:g}"
        yield Problem(name, "quality.range", f"{value:g} lies outside {low} to {high}")


def _of_label(
    name: str, said: FeatureSpec, reference: Sample, value: str | None
) -> Iterator[Problem]:
    if value is None:
        if name in reference.labels and not (reference.labels[name] == None).any():  # noqa: E711
            yield Problem(name, "quality.missing", "is missing, and never was in the reference")
    elif said.type is FeatureType.CATEGORY and said.categories and value not in said.categories:
        found = suggest(value, said.categories, said.synonyms)
        told = f", probably {found.category!r}" if found else ""
        text = f"{value!r:.80} is no known category{told}"
        yield Problem(name, "quality.category", text, found.category if found else None)
