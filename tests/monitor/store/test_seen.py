from hypothesis import given
from hypothesis import strategies as st

from monitor.store.seen import Seen

ids = st.lists(st.text(max_size=3), max_size=80)


@given(st.lists(ids, max_size=5), st.data())
def test_an_id_is_new_exactly_once_whether_pending_or_stored(bodies, data):
    stored: set[str] = set()
    seen = Seen(lambda asked: stored & set(asked))
    known: set[str] = set()

    for body in bodies:
        expected = [i not in known and i not in body[:at] for at, i in enumerate(body)]
        assert seen.admit(body) == expected
        known |= set(body)
        if data.draw(st.booleans()):  # they are folded
            stored |= known
            seen.settle(known)


def test_ids_that_the_tables_held_at_the_start_are_not_new():
    held = [f"id-{n}" for n in range(100_000)]
    seen = Seen(lambda asked: set(asked) & set(held))
    seen.load(held)

    assert not any(seen.admit(held[:500]))
    assert seen.admit(["id-7", "other"]) == [False, True]


def test_the_tables_are_asked_about_few_ids_that_are_new():
    asked: list[str] = []
    seen = Seen(lambda ids: asked.extend(ids) or [])
    seen.load([f"id-{n}" for n in range(200_000)])

    assert all(seen.admit([f"new-{n}" for n in range(20_000)]))
    assert len(asked) < 20_000 * 0.003


def test_an_id_that_could_not_be_stored_may_come_again():
    seen = Seen(lambda ids: [])
    assert seen.admit(["a"]) == [True]

    seen.settle(["a"])

    assert seen.admit(["a"]) == [True]


def test_what_is_folded_while_it_is_looked_up_is_no_new_id():
    stored: set[str] = set()

    def look(ids):
        stored.add("a")  # the folder commits and settles just now
        seen.settle(["a"])
        return stored & set(ids)

    seen = Seen(look)
    seen.load(["b"])
    assert seen.admit(["a"]) == [True]

    assert seen.admit(["b", "a"])[1] is False
