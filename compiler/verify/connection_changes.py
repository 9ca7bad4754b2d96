"""What two lists of connections differ in: who may talk to whom before and after."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Address, Policy
from cpc.compiler.verify.connectivity import (
    Allowed,
    Connection,
    Connectivity,
    ExternalRange,
    Peer,
    Workload,
    connectivity,
)

__all__ = ["ConnectionChange", "connection_changes"]

_Passing: TypeAlias = tuple[Allowed, ...]
_Side: TypeAlias = tuple[Policy, Inventory]


class ConnectionChange(Struct, frozen=True):
    """A pair of which not the same may pass before and after; an empty tuple is nothing at all.

    `added` and `removed` are those of the two that are workloads of one side only.
    """

    source: Peer
    destination: Peer
    before: _Passing
    after: _Passing
    added: tuple[Workload, ...] = ()
    removed: tuple[Workload, ...] = ()


def connection_changes(old: _Side, new: _Side) -> tuple[ConnectionChange, ...]:
    """Every pair that changes, sorted by source and destination, in as few external ranges as can be.

    Entities are left out: nearly every change of a policy changes something for the host. Both lists have ranges of IPv6 where one of them has.
    """
    before, after = connectivity(*old), connectivity(*new)
    if before.ipv6 is not after.ipv6:
        before, after = connectivity(*old, ipv6=True), connectivity(*new, ipv6=True)
    before, after = before.without_entities(), after.without_entities()
    known = [{e.owner or e.name for e in inventory.endpoints} for _, inventory in (old, new)]
    found = [*_inside(before, after), *_outside(before, after)]
    found = [_with_news(change, known[0], known[1]) for change in found]
    return tuple(sorted(found, key=lambda c: (str(c.source), str(c.destination))))


def _with_news(change: ConnectionChange, old: set[str], new: set[str]) -> ConnectionChange:
    ends = [end for end in (change.source, change.destination) if isinstance(end, Workload)]
    return ConnectionChange(
        change.source,
        change.destination,
        change.before,
        change.after,
        tuple(end for end in ends if end.name not in old),
        tuple(end for end in ends if end.name not in new),
    )


def _passing(connection: Connection) -> _Passing:
    return tuple(one for one in connection.allowed if one.services)


def _external(connection: Connection) -> bool:
    ends = (connection.source, connection.destination)
    return any(isinstance(end, ExternalRange) for end in ends)


def _inside(before: Connectivity, after: Connectivity) -> Iterator[ConnectionChange]:
    """Pairs of which neither end is external."""
    one, other = (
        {(c.source, c.destination): _passing(c) for c in side.connections if not _external(c)}
        for side in (before, after)
    )
    for pair in one | other:
        passing = one.get(pair, ()), other.get(pair, ())
        if passing[0] != passing[1]:
            yield ConnectionChange(*pair, *passing)


# --- external ranges ---------------------------------------------------------------------------

_Column: TypeAlias = tuple[Peer, bool, int]
"""Who talks to the outside, whether it is the source, and the family."""
_Span: TypeAlias = tuple[int, int, _Passing]
"""First and last address, and what may pass."""


def _outside(before: Connectivity, after: Connectivity) -> Iterator[ConnectionChange]:
    """External ranges, cut wherever a range of either list ends."""
    one, other = _columns(before.connections), _columns(after.connections)
    for column in one | other:
        for low, high, passing in _pieces(one.get(column, []), other.get(column, [])):
            peer, leaving, family = column
            addresses = ExternalRange(_address(low, family), _address(high, family))
            source, destination = (peer, addresses) if leaving else (addresses, peer)
            yield ConnectionChange(source, destination, *passing)


def _columns(connections: Iterable[Connection]) -> dict[_Column, list[_Span]]:
    found: dict[_Column, list[_Span]] = defaultdict(list)
    for connection in connections:
        source, destination = connection.source, connection.destination
        leaving = isinstance(destination, ExternalRange)
        addresses, peer = (destination, source) if leaving else (source, destination)
        if isinstance(addresses, ExternalRange):
            column = (peer, leaving, addresses.first.version)
            span = (int(addresses.first), int(addresses.last), _passing(connection))
            found[column].append(span)
    return found


def _pieces(
    one: list[_Span], other: list[_Span]
) -> Iterator[tuple[int, int, tuple[_Passing, _Passing]]]:
    """Where two columns differ; neighbours with the same change are one piece."""
    cuts = sorted({cut for low, high, _ in (*one, *other) for cut in (low, high + 1)})
    last: tuple[int, int, tuple[_Passing, _Passing]] | None = None
    for low, after in pairwise(cuts):
        passing = _at(one, low), _at(other, low)
        if last is not None and last[1] == low - 1 and last[2] == passing:
            last = (last[0], after - 1, passing)
            continue
        if last is not None:
            yield last
        last = (low, after - 1, passing) if passing[0] != passing[1] else None
    if last is not None:
        yield last


def _at(spans: list[_Span], address: int) -> _Passing:
    return next((passing for low, high, passing in spans if low <= address <= high), ())


def _address(number: int, family: int) -> Address:
    return IPv4Address(number) if family == 4 else IPv6Address(number)
