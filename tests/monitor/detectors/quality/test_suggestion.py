"""Which known category an unknown value stands for."""

import pytest
from unknowns import FRESH, TUNED, cases

from monitor.detectors.quality.suggestion import suggest
from monitor.detectors.quality.synonyms import GROUPS

GENDER = ["Female", "Male"]
MARITAL = ["Never-married", "Married-civ-spouse", "Divorced", "Separated", "Widowed"]


@pytest.mark.parametrize(
    ("value", "known", "category", "how"),
    [
        ("  MALE", GENDER, "Male", "case and space"),
        ("never married", MARITAL, "Never-married", "case and space"),
        ("Мale", GENDER, "Male", "case and space"),  # noqa: RUF001  a Cyrillic M
        ("F", GENDER, "Female", "initial"),
        ("m.", GENDER, "Male", "initial"),
        ("NSW", ["New South Wales", "Victoria"], "New South Wales", "initial"),
        ("Girl", GENDER, "Female", "synonym"),
        ("boy", GENDER, "Male", "synonym"),
        ("Woman", ["F", "M"], "F", "synonym"),
        ("Mail", GENDER, "Male", "edit distance"),
        ("Femlae", GENDER, "Female", "edit distance"),
        ("Femal", GENDER, "Female", "edit distance"),
        ("Divorcd", MARITAL, "Divorced", "edit distance"),
        ("Seperated", MARITAL, "Separated", "edit distance"),
        ("Neverr-married", MARITAL, "Never-married", "edit distance"),
        ("Some-colege", ["Some-college", "Bachelors"], "Some-college", "edit distance"),
        ("Exec-managreial", ["Exec-managerial", "Sales"], "Exec-managerial", "edit distance"),
    ],
)
def test_what_a_person_would_read_it_as_is_suggested(value, known, category, how):
    found = suggest(value, known, {})

    assert found is not None
    assert (found.category, found.how) == (category, how)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("Unmarried", ["Married", "Divorced"]),
        ("Inactive", ["Active", "Closed"]),
        ("Card", ["Car", "Bus"]),
        ("Boston", ["Houston", "Dallas"]),
        ("Employee", ["Employer", "Retired"]),
        ("House", ["Horse", "Mouse"]),
        ("Berlin", ["Merlin"]),
        ("NJ", ["NY", "CA"]),
        ("Class B", ["Class A"]),
        ("2022", ["2021", "2020"]),
        ("-1", ["1", "2"]),
        ("cat_12", ["cat_1", "cat_2"]),
        ("x", ["F", "M"]),
        ("Accounting", ["Accountant", "Clerk"]),
        ("Martian", GENDER),
        ("", GENDER),
        ("?", GENDER),
        ("male ", ["Male", "MALE"]),
    ],
)
def test_what_may_well_be_something_else_is_left_alone(value, known):
    assert suggest(value, known, {}) is None


def test_declared_synonyms_come_before_all_that_is_guessed():
    found = suggest("girl ", GENDER, {"Girl": "Male"})

    assert found is not None
    assert (found.category, found.how) == ("Male", "declared synonym")


def test_no_word_has_two_meanings():
    words = [word for group in GROUPS for word in group]

    assert len(words) == len(set(words))


@pytest.mark.parametrize("table", [TUNED, FRESH], ids=["tuned", "fresh"])
def test_most_values_are_understood_and_hardly_any_is_misunderstood(table):
    said = [(value, suggest(value, known, {}), meant) for value, known, meant in cases(table)]
    resolvable = [s for s in said if s[2] is not None]
    right = [v for v, found, meant in resolvable if found and found.category == meant]
    wrong = [(v, found) for v, found, meant in said if found and found.category != meant]

    assert len(said) >= 100
    assert len(right) >= 0.75 * len(resolvable)
    assert len(wrong) <= 0.02 * len(said), wrong
