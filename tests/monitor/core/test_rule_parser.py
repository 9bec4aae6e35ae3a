"""Rules: read as conditions, made anew as SQL, and refused where they are anything else."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.errors import SpecError
from monitor.core.rule_parser import FUNCTIONS, parse

CONNECTION = duckdb.connect()
KINDS = {"age": "number", "product": "text", "my city": "text", "active": "truth", "since": "time"}
ROW = {
    "age": "20::DOUBLE",
    "product": "'loan'",
    "my city": "'Rome'",
    "active": "true",
    "since": "TIMESTAMP '2026-01-31 12:00:00'",
    "new": "NULL",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("age >= 18 OR product <> 'loan'", True),
        ("age < 18", False),
        ("not age < 18 and product = 'loan'", True),
        ("age BETWEEN 18 AND 30", True),
        ("age NOT BETWEEN 18 AND 30", False),
        ("product IN ('loan', 'card')", True),
        ("product NOT IN ('loan')", False),
        ("product LIKE 'l%'", True),
        ("\"my city\" = 'Rome'", True),
        ("(age + 2) * 2 - 4 / 2 >= -1.5e1", True),
        ("NOT NOT active", True),
        ("active = FALSE", False),
        ("since >= '2026-01-01' AND year(since) = 2026", True),
        ("since < '2026-01-31T13:00:00+02:00'", False),
        ("length(upper(product)) = 4", True),
        ("new IS NULL AND age IS NOT NULL", True),
        ("new > 3", None),
        ("product = 'it''s'", False),
        ("abs(-age) = age AND greatest(age, 30) == 30", True),
    ],
)
def test_a_rule_means_what_sql_means(text, holds):
    query = f"SELECT TRY({parse(text, KINDS).sql(ROW)})"

    assert CONNECTION.execute(query).fetchone() == (holds,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a name, a number or a text is needed"),
        ("age", "a truth is needed here, and this is a number"),
        ("age >=", "is needed here"),
        ("age > 'x'", "cannot be compared"),
        ("product > 3", "cannot be compared"),
        ("age + 'x' > 3", "a number is needed"),
        ("age > 3; DROP TABLE model", "no such word or sign"),
        ("age > 3 /* x */", "is needed here"),
        ("age > (SELECT 1)", "is needed here"),
        ("read_csv('f') IS NULL", "no function 'read_csv'"),
        ("getenv('HOME') = 'x'", "no function 'getenv'"),
        ("age > 3 OR", "is needed here"),
        ("age IN ()", "is needed here"),
        ("age NOT 3", "after NOT"),
        ("since > 'soon'", "a moment is written"),
        ("age > 1e999", "no number is as large"),
        ("age > 3 5", "nothing may follow"),
        ("abs(age, age) > 1", "takes 1 to 1"),
        ("age > 18x", "no such word or sign"),
        ("product = 'a\x00b'", "printable"),
        ("(" * 200 + "active" + ")" * 200, "too much inside each other"),
        ("-" * 1500 + "age > 1", "too much inside each other"),
        ("active OR " * 400 + "active", "at most 2,000 characters"),
    ],
)
def test_what_is_no_condition_is_refused_with_the_place(text, why):
    with pytest.raises(SpecError, match=why):
        parse(text, KINDS)


SIGNS = "age product 'x' 3 ( ) AND OR NOT = < IN , IS NULL BETWEEN LIKE - + ; -- $1 \" ' since"
WORDS = st.sampled_from([*SIGNS.split(), *FUNCTIONS])


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_whatever_is_written_is_a_rule_or_an_error_with_a_sentence(text):
    try:
        rule = parse(text, KINDS)
    except SpecError as problem:
        assert str(problem)
    else:
        made = rule.sql({name: ROW.get(name, "NULL") for name in rule.names()})
        CONNECTION.execute(f"SELECT TRY({made})").fetchone()
