"""Columns that vanished, columns that nobody knows, and columns that changed places."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import expected, says_more, sent
from monitor.detectors.quality.spelling import nearest
from monitor.detectors.quality.suggestion import plain
from monitor.detectors.quality.swaps import swaps
from monitor.detectors.shares import excess


@dataclass(frozen=True, slots=True)
class Schema(ProfileDetector):
    """Share of rows that were sent without a feature, and of rows with one that nobody knows.

    Rows may hold more features than a model can have. These are not told one by one: the share of
    such rows is an `extra_column` of no feature.

        missing_column = rows without it / rows        extra_column = rows with it / rows
        swapped = rows with another feature's category / rows, or how far the distribution moved

    Value    share, 0 to 1; worse above. A null is no missing column.
    Needs    at least one row in the window.
    Noise    none for a feature that every reference row has: where all rows lack it the rule is
             broken and there is no p-value. Else the p-value is `excess`. swapped: none for
             categories that only another feature knows; else that of Kolmogorov's test.
    Source   definition; `swaps.py`.
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
        for swap in swaps(reference, current):
            evidence = {"like": swap.like}
            yield Measurement(
                "swapped", swap.share, swap.feature, p_value=swap.p_value, evidence=evidence
            )


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
            old = _renamed(feature, [k for k in known if sent(current, k) < current.rows])
            evidence = {} if old is None else {"renamed": old}
            share = count / current.rows
            yield Measurement("extra_column", share, feature, expected=0.0, evidence=evidence)


def _renamed(feature: str, lacking: list[str]) -> str | None:
    """The column, missing in some rows, that this one is but for the spelling of its name."""
    folded = {plain(name): name for name in lacking}
    near = plain(feature) if plain(feature) in folded else nearest(plain(feature), folded)
    return None if near is None else folded[near]


def _declared(spec: ModelSpec, feature: str) -> bool:
    return feature in spec.features and says_more(spec.features[feature])
