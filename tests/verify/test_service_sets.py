"""Sets of services behave as sets, cuts tell ranges apart, and the algebra of sets is one of booleans."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from cpc.compiler.policy.model import PortRange
from cpc.compiler.verify.flow_columns import Bits, members
from cpc.compiler.verify.service_sets import (
    EVERY_SERVICE,
    NO_SERVICE,
    ServiceCuts,
    ServiceSet,
    merged,
    services_of,
)
from tests.policy.term_strategies import port_ranges

range_lists = st.lists(port_ranges, max_size=6)


def union(ranges: Iterable[PortRange]) -> ServiceSet:
    found = NO_SERVICE
    for ports in ranges:
        found |= services_of(ports)
    return found


def probes(*lists: list[PortRange]) -> list[tuple[int, int]]:
    """Services at and around every edge, and of protocols that no range has."""
    edges = {(p.protocol, e) for ranges in lists for p in ranges for e in (p.low, p.high)}
    near = {(protocol, port + step) for protocol, port in edges for step in (-1, 0, 1)}
    ends = {(protocol, port) for protocol in (0, 5, 6, 7, 254, 255) for port in (0, 65535)}
    return sorted((p, n) for p, n in near | ends if 0 <= n <= 65535)


def covers(ranges: list[PortRange], protocol: int, port: int) -> bool:
    return any(p.protocol == protocol and p.low <= port <= p.high for p in ranges)


@given(range_lists, range_lists)
def test_sets_are_sets(left: list[PortRange], right: list[PortRange]) -> None:
    one, two = union(left), union(right)
    for probe in probes(left, right):
        inside, other = covers(left, *probe), covers(right, *probe)
        assert one.contains(*probe) == inside
        assert (one | two).contains(*probe) == (inside or other)
        assert (one & two).contains(*probe) == (inside and other)
        assert (one - two).contains(*probe) == (inside and not other)
        assert EVERY_SERVICE.contains(*probe)


@given(range_lists, range_lists)
def test_equal_sets_are_equal_values(left: list[PortRange], right: list[PortRange]) -> None:
    one, two = union(left), union(right)
    assert union([*right, *left]) == one | two
    assert (one - two) | (one & two) == one
    assert EVERY_SERVICE - (EVERY_SERVICE - one) == one
    assert union(one.ranges()) == one
    assert bool(one) == bool(left)


def test_every_service_is_every_protocol() -> None:
    assert list(EVERY_SERVICE.ranges()) == [PortRange(protocol) for protocol in range(256)]
    assert union(map(PortRange, range(256))) == EVERY_SERVICE


def test_touching_ranges_are_one() -> None:
    assert merged([(5, 6), (1, 2), (3, 4), (8, 9), (8, 8)]) == ((1, 6), (8, 9))


@given(range_lists)
def test_cuts_tell_ranges_apart(ranges: list[PortRange]) -> None:
    cuts = ServiceCuts(ranges)
    assert cuts.services((1 << len(cuts)) - 1) == EVERY_SERVICE
    for ports in ranges:
        pieces = cuts.pieces(ports)
        assert cuts.services(sum(1 << piece for piece in pieces)) == services_of(ports)


@given(st.lists(st.integers(0, 255), max_size=4))
def test_bits_are_booleans_case_by_case(values: list[int]) -> None:
    algebra = Bits(8)
    for case in range(8):
        alone = [bool(value >> case & 1) for value in values]
        assert bool(algebra.every(values) >> case & 1) == all(alone)
        assert bool(algebra.some(values) >> case & 1) == any(alone)
        assert [bool(algebra.negate(v) >> case & 1) for v in values] == [not a for a in alone]
    assert algebra.const(True) == 255
    assert algebra.const(False) == 0


def test_members_are_the_bits_that_are_set() -> None:
    assert list(members(0b1010001)) == [0, 4, 6]
    assert list(members(0)) == []
