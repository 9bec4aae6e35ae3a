"""Words that sound alike."""

import pytest

from monitor.detectors.quality.sounds import sound


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mail", "male"),
        ("knight", "night"),
        ("write", "rite"),
        ("school", "shool"),
        ("centre", "senter"),
        ("queue", "kew"),
        ("lamb", "lam"),
        ("xylophone", "sylofone"),
    ],
)
def test_words_that_sound_alike_have_one_code(one, other):
    assert sound(one) == sound(other)


@pytest.mark.parametrize(
    ("one", "other"), [("car", "card"), ("horse", "house"), ("male", "female")]
)
def test_words_that_sound_otherwise_have_two(one, other):
    assert sound(one) != sound(other)
