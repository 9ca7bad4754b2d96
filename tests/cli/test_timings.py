"""Every moment is counted once, for the tool that it belongs to."""

import pytest

from cpc.compiler import timings
from cpc.compiler.timings import Timings, Tool


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timings, "perf_counter", made)
    return made


def counted(clock: Clock) -> Timings:
    return Timings(_started=clock())


def test_a_stage_inside_another_is_not_counted_twice(clock: Clock) -> None:
    times = counted(clock)
    with times.measure("build"):
        clock.now += 1
        with times.measure("clang", Tool.CLANG):
            clock.now += 5
        clock.now += 2
    assert [(s.name, s.tool, s.seconds) for s in times.stages] == [
        ("clang", Tool.CLANG, 5.0),
        ("build", Tool.OURS, 3.0),
    ]


def test_time_outside_every_stage_is_ours(clock: Clock) -> None:
    times = counted(clock)
    clock.now += 4
    with times.measure("solve", Tool.Z3):
        clock.now += 1
    clock.now += 2
    assert (times.of(Tool.OURS), times.of(Tool.Z3), times.of(Tool.CLANG)) == (6.0, 1.0, 0.0)


def test_stages_of_one_name_add_up_and_count_when_they_fail(clock: Clock) -> None:
    times = counted(clock)
    with times.measure("read"):
        clock.now += 1
    with pytest.raises(KeyError), times.measure("read"):
        clock.now += 1
        raise KeyError
    assert [(s.name, s.seconds) for s in times.stages] == [("read", 2.0)]


def test_the_table_shows_stages_and_the_three_totals(clock: Clock) -> None:
    times = counted(clock)
    with times.measure("read"):
        clock.now += 0.5
    assert times.table().splitlines() == [
        "    500.0 ms  read (ours)",
        "    500.0 ms  total ours",
        "      0.0 ms  total z3",
        "      0.0 ms  total clang",
    ]
