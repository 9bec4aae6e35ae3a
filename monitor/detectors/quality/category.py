"""Values that are no known category, and which one they stand for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from monitor.core.detector import ProfileDetector
from monitor.core.findings import Measurement
from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec
from monitor.core.windows import Window
from monitor.detectors.quality.features import EMPTY
from monitor.detectors.quality.suggestion import suggest
from monitor.detectors.shares import excess

_SHOWN = 20
_MOST_KNOWN, _MOST_RARE = 300, 100
"""Known categories, and rare ones among them, up to which these are compared with each other."""
_RARE = 2
"""A category that the reference has this often or less shows that there are more to come."""


@dataclass(frozen=True, slots=True)
class Category(ProfileDetector):
    """Share of values that are no known category.

        value = rows with an unknown value / rows with a value

    Known are the categories of the spec, else those of the reference. The evidence names the most
    frequent unknown values and the category that each probably stands for.

    Value    share, 0 to 1; worse above.
    Needs    known categories, and at least one value.
    Noise    none where the reference is a closed set (no unknown value, none that is rare): an
             unknown value breaks the rule, and there is no p-value. Else new values are to be
             expected in about s / N of rows where s of N reference rows hold rare or unknown
             ones, and the p-value is `excess` over that. A value that stands for a known one
             breaks the rule all the same, unless the reference's rare ones look like others too.
    Source   definition; for the share of new values I. J. Good, Biometrika 40 (1953) 237.
    """

    name: ClassVar[str] = "quality.category"

    def measure(
        self, spec: ModelSpec, window: Window, reference: Profiles, current: Profiles
    ) -> Iterable[Measurement]:
        """One measurement for each feature of type category."""
        for feature, profile in current.features.items():
            if profile.type is not FeatureType.CATEGORY or not profile.finite:
                continue
            said = spec.features.get(feature, FeatureSpec())
            before = reference.features.get(feature, EMPTY)
            known = said.categories if said.categories is not None else tuple(before.categories)
            if known:
                yield _unknown(feature, known, said.synonyms, before, profile)


def _unknown(
    feature: str,
    known: tuple[str, ...],
    synonyms: Mapping[str, str],
    before: Profile,
    profile: Profile,
) -> Measurement:
    counts = _others(profile, known)
    hits, outside = sum(counts.values()), sum(_others(before, known).values())
    open_rows = outside + sum(
        count for value, count in before.categories.items() if count <= _RARE and value in known
    )
    p_value = excess(hits, profile.finite, open_rows, before.finite) if open_rows else None
    shown = [
        _shown(value, n, known, synonyms)
        for value, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    ]
    if open_rows and any(value["suggestion"] for value in shown):
        p_value = None if _is_told_apart(known, before) else p_value
    return Measurement(
        "share",
        hits / profile.finite,
        feature,
        expected=outside / before.finite if before.finite else None,
        p_value=p_value if hits else None,
        evidence={"values": shown},
    )


def _is_told_apart(known: tuple[str, ...], before: Profile) -> bool:
    """Whether no rare value of the reference looks like another one: so that one which does is no
    new value."""
    rare = [v for v, n in before.categories.items() if n <= _RARE or v not in known]
    if len(known) > _MOST_KNOWN or len(rare) > _MOST_RARE:
        return False
    return not any(suggest(v, [k for k in known if k != v], {}) for v in rare)


def _others(profile: Profile, known: tuple[str, ...]) -> dict[str, int]:
    inside = frozenset(known)
    return {value: n for value, n in profile.categories.items() if value not in inside}


def _shown(
    value: str, count: int, known: tuple[str, ...], synonyms: Mapping[str, str]
) -> dict[str, object]:
    found = suggest(value, known, synonyms)
    return {
        "value": value,
        "count": count,
        "suggestion": found.category if found else None,
        "how": found.how if found else None,
        "prediction_ids": [],
    }
