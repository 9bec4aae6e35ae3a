"""Slips of the pen."""

import re
import string

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.detectors.quality.spelling import edits, nearest

words = st.text("abc", max_size=6)
OCCUPATIONS = re.findall(
    r"\S+",
    """adm-clerical armed-forces craft-repair exec-managerial farming-fishing
handlers-cleaners machine-op-inspct other-service priv-house-serv prof-specialty protective-serv
sales tech-support transport-moving""",
)


def slowly(left, right):
    """The definition: the cheapest of the four last steps."""
    if not left or not right:
        return len(left) + len(right)
    ways = [
        slowly(left[:-1], right) + 1,
        slowly(left, right[:-1]) + 1,
        slowly(left[:-1], right[:-1]) + (left[-1] != right[-1]),
    ]
    if len(left) > 1 and len(right) > 1 and left[-2:] == right[-1] + right[-2]:
        ways.append(slowly(left[:-2], right[:-2]) + 1)
    return min(ways)


@given(st.text("abc", max_size=4), st.text("abc", max_size=4))
def test_edits_agree_with_their_definition(left, right):
    assert edits(left, right) == slowly(left, right)


@given(words, words)
def test_edits_are_the_same_both_ways(left, right):
    assert edits(left, right) == edits(right, left)


def slip(rng, word):
    """A random edit inside a word."""
    place = int(rng.integers(1, len(word) - 1))
    letter = string.ascii_lowercase[rng.integers(26)]
    return [
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        word[:place] + letter + word[place + 1 :],
    ][rng.integers(4)]


def test_random_slips_are_mostly_found_and_never_taken_for_another_word():
    rng = np.random.default_rng(7)
    right = wrong = seen = 0
    for _ in range(400):
        word = OCCUPATIONS[rng.integers(len(OCCUPATIONS))]
        typed = slip(rng, word)
        if typed in OCCUPATIONS:
            continue
        found = nearest(typed, OCCUPATIONS)
        seen += 1
        right += found == word
        wrong += found not in {word, None}
    assert wrong == 0
    assert right / seen > 0.7
