from hypothesis import given
from hypothesis import strategies as st

from monitor.store import seen as module
from monitor.store.seen import Probe, Seen

ids = st.lists(st.text(max_size=3), max_size=80)


def loaded(held: list[str], step: int = 100_000) -> tuple[Seen, list[tuple[str, ...]]]:
    """What was seen of rows in order, and what the tables were asked: ids, first place, end."""
    asked: list[tuple[object, ...]] = []

    def stored(doubtful, places):
        asked.append((tuple(doubtful), *places))
        return set(doubtful) & set(held[places[0] : places[1]])

    seen = Seen(stored)
    for start in range(0, len(held), step):
        part = held[start : start + step]
        seen.load(part, (start, start + len(part)))
    return seen, asked


@given(st.lists(st.tuples(ids, st.integers(0, 5)), max_size=6))
def test_an_id_is_new_exactly_once_whether_pending_or_folded(bodies):
    written: list[str] = []  # a place in the journal for each, and in the table once it is folded
    folded = 0
    seen = Seen(lambda asked, places: set(written[:folded][places[0] : places[1]]) & set(asked))
    known: set[str] = set()

    for body, fold in bodies:
        expected = [at for at, i in enumerate(body) if i in known or i in body[:at]]
        assert seen.admit(Probe.of(body)) == expected
        new = [i for i in dict.fromkeys(body) if i not in known]
        known |= set(body)
        written += new
        seen.wrote(new, module.hashes_of(new), len(written))
        if fold:  # a step may end in the middle of what was written together
            first, folded = folded, min(len(written), folded + fold * 7)
            if folded > first:
                seen.folded(folded, (first, folded))


def test_ids_that_the_tables_held_at_the_start_are_not_new():
    seen, _ = loaded([f"id-{n}" for n in range(100_000)])

    assert len(seen.admit(Probe.of([f"id-{n}" for n in range(500)]))) == 500
    assert seen.admit(Probe.of(["id-7", "other"])) == [0]


def test_the_tables_are_asked_about_hardly_any_id_that_is_new():
    seen, asked = loaded([f"id-{n}" for n in range(500_000)])

    assert seen.admit(Probe.of([f"new-{n}" for n in range(200_000)])) == []
    assert len(asked) < 5


def test_a_filter_that_is_full_lets_few_through_and_the_other_kind_others():
    hashes = module.hashes_of([f"id-{n}" for n in range(1 << 18)])
    asked = module.hashes_of([f"new-{n}" for n in range(500_000)])
    passed = []
    for marks in (module._chain_marks, module._part_marks):
        held = module._Filter(1 << 18)
        held.add(marks(hashes))
        passed.append(held.holds(marks(asked)))

    assert 0 < passed[0].mean() < 2e-4
    assert 0 < passed[1].mean() < 3e-3
    assert (passed[0] & passed[1]).sum() <= 2


def test_the_tables_are_asked_only_where_the_id_may_be():
    seen, asked = loaded([f"id-{n}" for n in range(3_000_000)])

    assert seen.admit(Probe.of(["id-2999999"])) == [0]

    ((_, first, end),) = asked
    assert first <= 2_999_999 < end
    assert end - first <= 1 << 20


def test_an_id_that_could_not_be_stored_may_come_again():
    seen = Seen(lambda ids, places: [])
    assert seen.admit(Probe.of(["a"])) == []

    seen.forget(["a"])

    assert seen.admit(Probe.of(["a"])) == []


def test_what_is_folded_while_it_is_looked_up_is_no_new_id():
    stored = {"b"}

    def look(ids, places):
        stored.add("a")  # the folder commits just now
        seen.folded(1, (1, 2))
        return stored & set(ids)

    seen = Seen(look)
    seen.load(["b"], (0, 1))
    assert seen.admit(Probe.of(["a"])) == []
    seen.wrote(["a"], module.hashes_of(["a"]), 1)

    assert seen.admit(Probe.of(["b", "a"])) == [0, 1]
