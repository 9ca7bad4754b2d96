"""Exact sets of services.

A service is an IP protocol with a port (an ICMP type and code). All services lie on one line, protocol by
protocol: number `protocol << 16 | port`. A protocol without ports fills its stretch, as `PortRange` says.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.model import PortRange, Protocol

__all__ = [
    "EVERY_SERVICE",
    "NO_SERVICE",
    "PORTED",
    "ServiceCuts",
    "ServiceSet",
    "Spans",
    "merged",
    "service_number",
    "services_of",
]

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Numbers as sorted ranges (first, last), no two of which touch."""

_LAST = (256 << 16) - 1

PORTED = {
    4: frozenset({Protocol.TCP, Protocol.UDP, Protocol.SCTP, Protocol.ICMP}),
    6: frozenset({Protocol.TCP, Protocol.UDP, Protocol.SCTP, Protocol.ICMPV6}),
}
"""By family, the protocols whose flows have a port, or a type and code."""


def service_number(protocol: int, port: int) -> int:
    """The place of a service on the line."""
    return protocol << 16 | port


def merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """The union of ranges."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


class ServiceSet(Struct, frozen=True):
    """A set of services of one family; equal sets are equal values."""

    spans: Spans

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __or__(self, other: "ServiceSet") -> "ServiceSet":
        return ServiceSet(merged((*self.spans, *other.spans)))

    def __and__(self, other: "ServiceSet") -> "ServiceSet":
        found: list[tuple[int, int]] = []
        mine, others = iter(self.spans), iter(other.spans)
        one, two = next(mine, None), next(others, None)
        while one is not None and two is not None:
            first, last = max(one[0], two[0]), min(one[1], two[1])
            if first <= last:
                found.append((first, last))
            if one[1] < two[1]:
                one = next(mine, None)
            else:
                two = next(others, None)
        return ServiceSet(tuple(found))

    def __sub__(self, other: "ServiceSet") -> "ServiceSet":
        edges = [edge for first, last in other.spans for edge in (first - 1, last + 1)]
        gaps = tuple(zip([0, *edges[1::2]], [*edges[::2], _LAST], strict=True))
        return self & ServiceSet(tuple(gap for gap in gaps if gap[0] <= gap[1]))

    def contains(self, protocol: int, port: int) -> bool:
        """Whether the set has the service of a flow (`Flow.port` says what a port is)."""
        number = service_number(protocol, port)
        place = bisect_right(self.spans, (number, _LAST))
        return place > 0 and number <= self.spans[place - 1][1]

    def ranges(self) -> Iterator[PortRange]:
        """The set protocol by protocol."""
        for first, last in self.spans:
            for protocol in range(first >> 16, (last >> 16) + 1):
                base = protocol << 16
                yield PortRange(protocol, max(first - base, 0), min(last - base, 0xFFFF))


NO_SERVICE = ServiceSet(())
EVERY_SERVICE = ServiceSet(((0, _LAST),))


def services_of(ports: PortRange) -> ServiceSet:
    """The services of one port range."""
    first, last = ports.low, ports.high
    return ServiceSet(
        ((service_number(ports.protocol, first), service_number(ports.protocol, last)),)
    )


class ServiceCuts:
    """The services, cut wherever one of some port ranges begins or ends.

    None of the ranges tells services of one piece apart, so one service of each stands for all.
    """

    def __init__(self, ranges: Iterable[PortRange]) -> None:
        firsts = {0}
        for ports in ranges:
            firsts.add(service_number(ports.protocol, ports.low))
            firsts.add(service_number(ports.protocol, ports.high) + 1)
        self._firsts = sorted(first for first in firsts if first <= _LAST)

    def __len__(self) -> int:
        return len(self._firsts)

    def pieces(self, ports: PortRange) -> range:
        """The numbers of the pieces that one of the ranges consists of."""
        first = bisect_left(self._firsts, service_number(ports.protocol, ports.low))
        after = bisect_left(self._firsts, service_number(ports.protocol, ports.high) + 1)
        return range(first, after)

    def services(self, pieces: int) -> ServiceSet:
        """The services of the pieces whose bits are set."""
        edges = pairwise([*self._firsts, _LAST + 1])
        return ServiceSet(
            merged(
                (first, after - 1)
                for number, (first, after) in enumerate(edges)
                if pieces >> number & 1
            )
        )
