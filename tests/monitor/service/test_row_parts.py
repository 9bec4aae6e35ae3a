"""Event times are the same whether they come one by one or many at once."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from monitor.service.row_parts import part

MANY = 40
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30))])
texts = st.builds(
    lambda at, zone, form: form(at.replace(tzinfo=zone)),
    st.datetimes(),
    zones,
    st.sampled_from(
        [
            datetime.isoformat,
            lambda at: at.isoformat(sep=" ", timespec="milliseconds"),
            lambda at: at.isoformat(timespec="minutes"),
            lambda at: at.isoformat().replace("+00:00", "Z"),
            lambda at: at.date().isoformat(),
            lambda at: f"{at.isoformat()}789",
            lambda at: at.isoformat().replace("T", "t"),
        ]
    ),
)
times = texts | st.integers() | st.sampled_from(["soon", "", "2024-05-01T12:00:60Z", "2024-02-30"])


@given(times)
def test_one_form_reads_alike_alone_and_among_many(value):
    faults_alone, faults_many = {}, {}

    alone = part("timestamp", [value], faults_alone)
    many = part("timestamp", [value] * MANY, faults_many)

    assert many == alone * MANY
    assert set(faults_many.values()) == set(faults_alone.values())


@given(st.lists(times, min_size=MANY, max_size=MANY))
def test_mixed_forms_read_alike_alone_and_among_many(values):
    faults = {}

    many = part("timestamp", list(values), faults)

    for index, value in enumerate(values):
        alone = {}
        assert part("timestamp", [value], alone) == [many[index]]
        assert alone.get(0) == faults.get(index)
