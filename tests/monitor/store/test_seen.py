from hypothesis import given
from hypothesis import strategies as st

from monitor.store import seen as module
from monitor.store.seen import Seen

ids = st.lists(st.text(max_size=3), max_size=80)


def loaded(held: list[str], step: int = 100_000) -> tuple[Seen, list[str]]:
    """What was seen of rows in order, and the ids that the tables were asked about."""
    asked: list[str] = []

    def stored(doubtful, places):
        asked.extend(doubtful)
        return set(doubtful) & set(held[places[0] : places[1]])

    seen = Seen(stored)
    for start in range(0, len(held), step):
        part = held[start : start + step]
        seen.settle(part, (start, start + len(part)))
    return seen, asked


@given(st.lists(ids, max_size=5), st.data())
def test_an_id_is_new_exactly_once_whether_pending_or_stored(bodies, data):
    stored: list[str] = []
    seen = Seen(lambda asked, places: set(stored[places[0] : places[1]]) & set(asked))
    known: set[str] = set()
    pending: list[str] = []

    for body in bodies:
        expected = [at for at, i in enumerate(body) if i in known or i in body[:at]]
        assert seen.admit(body) == expected
        pending += [i for i in dict.fromkeys(body) if i not in known]
        known |= set(body)
        if data.draw(st.booleans()):  # they are folded
            first = len(stored)
            stored += pending
            seen.settle(pending, (first, len(stored)))
            pending = []


def test_ids_that_the_tables_held_at_the_start_are_not_new():
    seen, _ = loaded([f"id-{n}" for n in range(100_000)])

    assert len(seen.admit([f"id-{n}" for n in range(500)])) == 500
    assert seen.admit(["id-7", "other"]) == [0]


def test_the_tables_are_asked_about_hardly_any_id_that_is_new():
    seen, asked = loaded([f"id-{n}" for n in range(500_000)])

    assert seen.admit([f"new-{n}" for n in range(200_000)]) == []
    assert len(asked) < 5


def test_a_filter_that_is_full_lets_few_through():
    held = module._Filter(1 << 18)
    held.add(module._Hashed.of([f"id-{n}" for n in range(1 << 18)]))

    share = held.holds(module._Hashed.of([f"new-{n}" for n in range(500_000)])).mean()

    assert 0 < share < 2e-4


def test_the_tables_are_asked_only_where_the_id_may_be():
    asked = []
    held = [f"id-{n}" for n in range(3_000_000)]
    seen = Seen(lambda doubtful, places: asked.append(places) or doubtful)
    for start in range(0, len(held), 100_000):
        seen.settle(held[start : start + 100_000], (start, start + 100_000))

    assert seen.admit(["id-2999999"]) == [0]

    assert len(asked) == 1
    assert asked[0][0] <= 2_999_999 < asked[0][1]
    assert asked[0][1] - asked[0][0] <= 1 << 20


def test_an_id_that_could_not_be_stored_may_come_again():
    seen = Seen(lambda ids, places: [])
    assert seen.admit(["a"]) == []

    seen.forget(["a"])

    assert seen.admit(["a"]) == []


def test_what_is_folded_while_it_is_looked_up_is_no_new_id():
    stored = {"b"}

    def look(ids, places):
        stored.add("a")  # the folder commits and settles just now
        seen.settle(["a"], (1, 2))
        return stored & set(ids)

    seen = Seen(look)
    seen.settle(["b"], (0, 1))
    assert seen.admit(["a"]) == []

    assert seen.admit(["b", "a"]) == [0, 1]
