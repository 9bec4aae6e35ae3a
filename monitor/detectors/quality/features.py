"""Which features a window ought to have, and how many of its rows lack one."""

from collections.abc import Iterator

from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec

EMPTY = Profile(FeatureType.TEXT)
"""What a feature looks like where nothing is known of it."""


def sent(profiles: Profiles, feature: str) -> int:
    """Rows that came with the feature, be it null."""
    profile = profiles.features.get(feature, EMPTY)
    return profile.rows - profile.absent


def missing(profiles: Profiles, feature: str) -> int:
    """Rows without a value: null, or not sent at all."""
    profile = profiles.features.get(feature, EMPTY)
    return profiles.rows - profile.rows + profile.missing


def expected(spec: ModelSpec, reference: Profiles) -> Iterator[str]:
    """The features that rows ought to have, in order.

    Those of the reference, and those of the spec of which it says more than a type: the store
    gives a type to every feature that ever came. Without reference all that the spec has.
    """
    for feature, said in spec.features.items():
        if not reference.rows or says_more(said) or sent(reference, feature):
            yield feature
    for feature in reference.features:
        if feature not in spec.features and sent(reference, feature):
            yield feature


def says_more(said: FeatureSpec) -> bool:
    """Whether someone declared more than the type."""
    return said != FeatureSpec(type=said.type)
