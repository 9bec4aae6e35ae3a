"""Bounds of another spec, counted on what is stored."""

from dataclasses import replace

import numpy as np

from monitor.core.profile import Profile, Profiles
from monitor.core.spec import FeatureSpec, FeatureType, ModelSpec, Task
from monitor.core.windows import Sample
from monitor.engine.spoilt import BoundReferences, bounded, rebounded

AGE = FeatureSpec(FeatureType.NUMBER, min=0, max=100)
SPEC = ModelSpec(Task.BINARY, {"age": AGE, "x": FeatureSpec(FeatureType.NUMBER)})


def test_only_features_whose_bounds_changed_are_counted_anew():
    other = replace(SPEC, features={**SPEC.features, "age": replace(AGE, max=50), "new": AGE})

    assert rebounded(SPEC, SPEC) == {}
    assert rebounded(SPEC, other) == {"age": other.features["age"]}


def test_values_outside_are_counted_by_their_share_where_not_all_were_read():
    age = Profile(FeatureType.NUMBER, rows=1000, missing=200, below=7, above=9)
    sample = Sample(1000, range(100), numbers={"age": np.append(np.arange(80.0), [np.nan] * 20)})

    found = bounded(Profiles(1000, {"age": age}), sample, {"age": replace(AGE, min=20, max=69)})
    open_ended = bounded(Profiles(1000, {"age": age}), sample, {"age": FeatureSpec()})

    assert (found["age"].below, found["age"].above) == (200, 100)
    assert (open_ended["age"].below, open_ended["age"].above) == (0, 0)


def test_a_reference_is_counted_by_the_same_bounds():
    class Book:
        def reference(self, model, version):
            return Profiles(4, {"age": Profile(FeatureType.NUMBER, rows=4)})

        def reference_sample(self, model, version, limit, *, labelled=False):
            return Sample(4, range(4), numbers={"age": np.array([1.0, 2.0, 3.0, 90.0])})

    bound = BoundReferences(Book(), {"age": replace(AGE, max=50)})

    assert bound.reference("m", "1")["age"].above == 1
    assert BoundReferences(Book(), {}).reference("m", "1")["age"].above == 0
    assert bound.reference_sample("m", "1", 10).rows == 4
