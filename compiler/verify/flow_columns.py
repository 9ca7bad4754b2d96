"""All flows of one class of subjects in one direction, as the cases of one decision.

A decision is read in the algebra of sets, where one call of `decide_terms` decides every (service, peer) that the
inventory and the policy's own boundaries tell apart.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from cpc.compiler.policy.model import (
    Direction,
    Entity,
    Fqdn,
    LabelKey,
    Matcher,
    Network,
    PortRange,
    Protocol,
)
from cpc.compiler.verify.party_classes import PartyClasses
from cpc.compiler.verify.service_sets import ServiceCuts

__all__ = ["Bits", "FlowColumns", "PartyColumns", "members"]

_ICMP_FAMILY = {int(Protocol.ICMP): 4, int(Protocol.ICMPV6): 6}
"""ICMP is itself in one family only."""


def members(bits: int) -> Iterator[int]:
    """The numbers of the bits that are set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class Bits:
    """The algebra whose booleans are sets: an integer has a bit for each of `width` cases.

    A case decides as it would alone, so that a term read here is the term read for each case.
    """

    def __init__(self, width: int) -> None:
        self.full = (1 << width) - 1

    def const(self, value: bool) -> int:
        return self.full if value else 0

    def every(self, values: Iterable[int]) -> int:
        result = self.full
        for value in values:
            result &= value
            if not result:
                break
        return result

    def some(self, values: Iterable[int]) -> int:
        result = 0
        for value in values:
            result |= value
            if result == self.full:
                break
        return result

    def negate(self, value: int) -> int:
        return self.full ^ value


class PartyColumns:
    """The atoms about parties, each answer changed in one way."""

    def __init__(self, classes: PartyClasses, change: Callable[[int], int]) -> None:
        self._classes = classes
        self._change = change

    def managed(self) -> int:
        return self._change(self._classes.managed())

    def entity(self, entity: Entity) -> int:
        return self._change(self._classes.entity(entity))

    def has_key(self, key: LabelKey) -> int:
        return self._change(self._classes.has_key(key))

    def has_label(self, key: LabelKey, value: str) -> int:
        return self._change(self._classes.has_label(key, value))

    def in_network(self, network: Network) -> int:
        return self._change(self._classes.in_network(network))

    def resolves(self, fqdn: Fqdn) -> int:
        return self._change(self._classes.resolves(fqdn))

    def backs(self, service: str) -> int:
        return self._change(self._classes.backs(service))

    def has_port(self, name: str, protocol: int, port: int) -> int:
        return self._change(self._classes.has_port(name, protocol, port))


class FlowColumns:
    """The atoms of all flows of one subject in one direction: a bit for each (piece of services, peer).

    `peers` are classes that stand for themselves and for others; the peers of a piece are neighbours and fill
    whole bytes. `matched` is what every request matches, or none.
    """

    def __init__(
        self,
        classes: PartyClasses,
        subject: int,
        direction: Direction,
        peers: Sequence[int],
        cuts: ServiceCuts,
    ) -> None:
        self._peers = peers
        self._row = len(peers) // 8 + 1
        self._stride = 8 * self._row
        self._cuts = cuts
        self.algebra = Bits(self._stride * len(cuts))
        self.subject = PartyColumns(
            classes, lambda bits: self.algebra.const(bool(bits >> subject & 1))
        )
        self.peer = PartyColumns(classes, cache(self._with))
        self._families = {f: self._with(classes.of_family(f)) for f in (4, 6)}
        self._direction = direction
        self._ports: dict[PortRange, int] = {}
        self.matched = 0

    def _with(self, classes: int) -> int:
        """All flows whose peer is in one of some classes."""
        row = sum(1 << n for n, peer in enumerate(self._peers) if classes >> peer & 1)
        return int.from_bytes(row.to_bytes(self._row, "little") * len(self._cuts), "little")

    def same_party(self) -> int:
        """Never: a workload's connections with itself are none of the flows."""
        return 0

    def direction(self, direction: Direction) -> int:
        return self.algebra.const(direction is self._direction)

    def port_in(self, ports: PortRange) -> int:
        known = self._ports.get(ports)
        if known is None:
            pieces = self._cuts.pieces(ports)
            known = (1 << self._stride * pieces.stop) - (1 << self._stride * pieces.start)
            if ports.protocol in _ICMP_FAMILY:
                known &= self._families[_ICMP_FAMILY[ports.protocol]]
            self._ports[ports] = known
        return known

    def request(self, matcher: Matcher) -> int:
        return self.matched

    def by_peer(self, flows: int) -> list[int]:
        """A set of flows as the pieces of services that it has of each peer."""
        data = flows.to_bytes(self._row * len(self._cuts), "little")
        groups = {0: (1 << len(self._peers)) - 1}
        for piece in range(len(self._cuts)):
            row = int.from_bytes(data[piece * self._row : (piece + 1) * self._row], "little")
            split: dict[int, int] = {}
            for pieces, peers in groups.items():
                if peers & row:
                    split[pieces | 1 << piece] = peers & row
                if peers & ~row:
                    split[pieces] = peers & ~row
            groups = split
        found = [0] * len(self._peers)
        for pieces, peers in groups.items():
            for peer in members(peers):
                found[peer] = pieces
        return found
