"""Words, and which mean the same or a kind of the same."""

import lzma

import pytest

from monitor.detectors.quality.wordnet import DATA, same_or_kind_of, singular, wordnet
from monitor.detectors.quality.wordnet_build import build

DATA_LINES = {
    "noun": [
        "00000010 03 n 01 entity 0 000 | what there is",
        "00000020 03 n 01 animal 0 001 @ 00000010 n 0000 | it moves",
        "00000030 03 n 02 dog 0 domestic_dog 0 001 @ 00000020 n 0000 | it barks",
    ],
    "verb": [],
    "adj": [
        "00000010 00 a 01 big 0 001 & 00000020 a 0000 | head",
        "00000020 00 s 01 huge 0 001 & 00000010 a 0000 | more",
    ],
}
INDEX_LINES = {
    "noun": [
        "animal n 1 1 @ 1 0 00000020",
        "dog n 1 1 @ 1 0 00000030",
        "domestic_dog n 1 1 @ 1 0 00000030",
        "large_domestic_dog n 1 1 @ 1 0 00000030",
        "entity n 1 0 1 0 00000010",
    ],
    "verb": [],
    "adj": ["big a 1 1 & 1 0 00000010", "huge a 1 1 & 1 0 00000020"],
}


def test_the_data_is_made_of_what_debian_installs(tmp_path):
    for kind, lines in DATA_LINES.items():
        notice = "  1 A notice stands above.  "
        (tmp_path / f"data.{kind}").write_text("\n".join([notice, *lines, ""]))
        (tmp_path / f"index.{kind}").write_text("\n".join([notice, *INDEX_LINES[kind], ""]))

    words, _, above = lzma.decompress(build(tmp_path)).decode().partition("\n\n")

    assert words.split("\n") == [
        "animal\t1",
        "big\t3",
        "dog\t2",
        "domestic dog\t2",
        "entity\t0",
        "huge\t4",
    ]
    assert above.split("\n") == ["", "1", "1", "", "1"]


def test_the_data_is_small_and_carries_its_notice():
    assert DATA.stat().st_size < 1_400_000
    assert "Princeton University" in DATA.with_name("wordnet.LICENSE").read_text()
    assert len(wordnet().words) > 100_000


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("physician", ["doctor", "nurse"], "doctor"),
        ("poodle", ["dog", "cat"], "dog"),
        ("usa", ["united states", "germany"], "united states"),
        ("spouse", ["husband", "wife"], None),
        ("boston", ["houston", "dallas"], None),
        ("unmarried", ["married", "divorced"], None),
        ("qwertz", ["male", "female"], None),
    ],
)
def test_a_word_stands_for_one_that_means_the_same_or_more(word, known, meant):
    assert same_or_kind_of(word, known) == meant


def test_forms_of_words_are_words():
    net = wordnet()

    assert all(net.is_word(w) for w in ("loans", "married", "boxes", "shipping"))
    assert not any(net.is_word(w) for w in ("femlae", "morgage", "xqz"))
    assert singular("cities", {"city": 0}) == "city"
    assert singular("cat", {"c": 0}) is None
