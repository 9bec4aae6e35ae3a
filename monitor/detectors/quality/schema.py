"""Columns that vanished, and columns that nobody knows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import expected, says_more, sent
from monitor.detectors.shares import excess


@dataclass(frozen=True, slots=True)
class Schema(ProfileDetector):
    """Share of rows that were sent without a feature, and of rows with one that nobody knows.

    Rows may hold more features than a model can have. These are not told one by one: the share of
    such rows is an `extra_column` of no feature.

        missing_column = rows without it / rows        extra_column = rows with it / rows

    Value    share, 0 to 1; worse above. A null is no missing column.
    Needs    at least one row in the window.
    Noise    none for a feature that every reference row has: where all rows lack it the rule is
             broken and there is no p-value. Else the p-value is `excess`.
    Source   definition.
    """

    name: ClassVar[str] = "quality.schema"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each known feature, and for each that is not."""
        if not current.rows:
            return
        known = list(expected(spec, reference))
        for feature in known:
            yield _missing_column(feature, reference, current)
        yield from _extra_columns(spec, known, current)
        if current.beyond:
            yield Measurement("extra_column", current.beyond / current.rows, expected=0.0)


def _missing_column(feature: str, reference: Profiles, current: Profiles) -> Measurement:
    rows = current.rows
    lacking = rows - sent(current, feature)
    lacked = reference.rows - sent(reference, feature)
    share = lacked / reference.rows if reference.rows and lacked < reference.rows else None
    whole = lacking == rows and not share
    if not lacking or whole:
        p_value = None
    elif share is None:
        p_value = 1.0  # nobody knows whether every row has to have it
    else:
        p_value = excess(lacking, rows, lacked, reference.rows)
    return Measurement("missing_column", lacking / rows, feature, expected=share, p_value=p_value)


def _extra_columns(spec: ModelSpec, known: list[str], current: Profiles) -> Iterator[Measurement]:
    for feature in current.features:
        count = sent(current, feature)
        if count and feature not in known and not _declared(spec, feature):
            yield Measurement("extra_column", count / current.rows, feature, expected=0.0)


def _declared(spec: ModelSpec, feature: str) -> bool:
    return feature in spec.features and says_more(spec.features[feature])
