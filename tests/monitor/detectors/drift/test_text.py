"""Drift of texts."""

import json

import numpy as np
import pytest

from monitor.detectors.drift.text import text, words

WORDS = ["the", "loan", "was", "paid", "back", "late", "by", "card", "in", "full", "again"]
NEW = ["crypto", "wallet", "token", "chain"]


def lines(n, seed, known=WORDS, least=4, most=12):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(known, rng.integers(least, most))) for _ in range(n)]


def found(before, now):
    return {m.method: m for m in text(before, now, "note")}


def test_the_same_kind_of_text_is_no_drift():
    for seed in range(5):
        same = found(lines(1000, 2 * seed), lines(400, 2 * seed + 1))
        assert set(same) == {"length", "vocabulary", "classifier"}
        assert all(m.p_value > 0.001 for m in same.values())
        assert same["vocabulary"].value == 0


def test_longer_texts_are_seen():
    assert found(lines(1000, 1), lines(400, 2, least=9, most=20))["length"].p_value < 1e-12


def test_new_words_are_seen_and_named():
    moved = found(lines(1000, 1), lines(400, 2, [*WORDS, *NEW]))

    assert moved["vocabulary"].low > 0.1
    assert moved["vocabulary"].p_value < 1e-12
    assert {w["word"] for w in moved["vocabulary"].evidence["words"]} == set(NEW)
    assert moved["classifier"].low > 0.7
    json.dumps([m.evidence for m in moved.values()], allow_nan=False)


def test_another_spelling_is_told_apart_by_its_characters():
    shouted = [line.replace("a", "@") for line in lines(400, 2)]

    moved = found(lines(1000, 1), shouted)["classifier"]
    assert moved.low > 0.9
    assert any("@" in g["ngram"] or "a" in g["ngram"] for g in moved.evidence["ngrams"])


def test_words_that_only_one_half_of_a_small_reference_has_are_no_news():
    rare = [f"id{i} was here" for i in range(800)]

    same = found(rare, [f"id{i} was here" for i in range(800, 1100)])["vocabulary"]
    assert same.value == pytest.approx(0)
    assert same.p_value == 1


def test_too_few_texts_are_no_evidence_and_empty_ones_no_harm():
    assert not found(lines(199, 1), lines(300, 2))
    assert not found(lines(300, 1), lines(99, 2))
    empty = found([""] * 300, [""] * 200)
    assert empty["length"].value == 0
    assert empty["vocabulary"].p_value == 1
    assert "classifier" not in empty


def test_words_are_found_in_any_script():
    assert words("Größe ÉTÉ 東京") == ["größe", "été", "東京"]
