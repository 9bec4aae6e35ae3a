"""How many answers there are."""

from counted import HOUR

from monitor.core.profile import Profiles
from monitor.core.spec import ModelSpec, Task
from monitor.core.windows import Window
from monitor.detectors.resource.throughput import Throughput


def test_rows_are_counted_by_the_second():
    (m,) = Throughput().measure(ModelSpec(Task.BINARY), HOUR, Profiles(), Profiles(7200))

    assert (m.method, m.value, m.expected, m.p_value) == ("rows_per_second", 2, None, 1)


def test_a_window_without_length_has_no_rate():
    empty = Window(HOUR.start, HOUR.start)

    assert not list(Throughput().measure(ModelSpec(Task.BINARY), empty, Profiles(), Profiles(5)))
