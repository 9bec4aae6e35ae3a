"""Profiles that know how many of their rows count, for the tests of drift."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Sample, Window
from monitor.engine.dependence import Dependences

WEIGHED = "drift."
"""Detectors that are shown how many rows count: tests of theirs take rows for independent."""

_Print = tuple[timedelta, int, tuple[tuple[str, float, int], ...]]


@dataclass(frozen=True, slots=True)
class Weigher:
    """Looks once at each reference for how far its rows depend on each other."""

    _known: dict[tuple[str, str], tuple[_Print, Dependences]] = field(default_factory=dict)

    def measure(
        self,
        detector: ProfileDetector,
        spec: ModelSpec,
        place: tuple[str, str, Window],
        sides: tuple[Profiles, Profiles],
        rows: Callable[[], Sample],
    ) -> Iterator[Measurement]:
        """What a detector measures; the evidence says how many rows counted where not all did.

        `place` is model, version and window, `sides` are reference and window, and `rows` gives a
        sample of the reference.
        """
        (model, version, window), (before, now) = place, sides
        if detector.name.startswith(WEIGHED):
            known = self._dependences(model, version, spec, before, rows)
            before, now = known.of_reference(before), known.of_window(now)
        for measured in detector.measure(spec, window, before, now):
            yield _counted(measured, now)

    def _dependences(
        self,
        model: str,
        version: str,
        spec: ModelSpec,
        reference: Profiles,
        rows: Callable[[], Sample],
    ) -> Dependences:
        every, cycles = spec.window.every, spec.reference.same_hour_of_week is None
        if cycles:
            sums = tuple((name, p.total, p.finite) for name, p in reference.features.items())
            found = (every, reference.rows, sums)
        else:  # compared with another past each time, of which the reference speaks for all
            known = rows()
            sums = tuple((n, float(np.nansum(v)), len(v)) for n, v in known.numbers.items())
            found = (every, known.total, sums)
        held = self._known.get((model, version))
        if held is None or held[0] != found:
            held = self._known[model, version] = (
                found,
                Dependences.of(rows(), every, cycles=cycles),
            )
        return held[1]


def _counted(measured: Measurement, now: Profiles) -> Measurement:
    answers = {"prediction": now.prediction, "score": now.score}
    profile = (
        answers.get(str(measured.evidence.get("of")))
        if measured.feature is None
        else now.features.get(measured.feature)
    )
    if profile is None or profile.independent >= 1.0:
        return measured
    rows = round(profile.independent * profile.finite)
    return replace(measured, evidence={**measured.evidence, "independent_rows": rows})
