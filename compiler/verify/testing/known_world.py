"""The world of an inventory: everyone in it, and an external address of each kind, with every service."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from ipaddress import ip_address
from itertools import product

from msgspec.structs import replace

from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import (
    Audit,
    Direction,
    Entity,
    Matcher,
    Policy,
    PortRange,
    Protocol,
)
from cpc.compiler.policy.semantics import selects
from cpc.compiler.verify.flow_columns import Bits, PartyColumns, members
from cpc.compiler.verify.party_classes import AddressSegments, PartyClass, PartyClasses
from cpc.compiler.verify.service_sets import PORTED, ServiceCuts
from cpc.compiler.verify.testing.worlds import Found

__all__ = ["KnownWorld"]

_ICMP_FAMILY = {int(Protocol.ICMP): 4, int(Protocol.ICMPV6): 6}

_USUAL = (PortRange(6, 1), PortRange(17, 1))
"""What a connection is shown with where it can be."""

_NOBODYS = ("192.0.2.1", "2001:db8::1")
"""Addresses of documentation (RFC 5737, RFC 3849): the plainest external ones."""

_FEW_MATCHERS = 6
"""Matchers whose sets are all looked at."""


class KnownWorld:
    """Every connection of two that an inventory knows, or of one with an external address.

    A bit for each (class of clients, class of servers, piece of services) that some policies and cases can
    tell apart.
    """

    def __init__(
        self, inventory: Inventory, policies: Sequence[Policy], cases: Sequence[TestCase]
    ) -> None:
        spoken = _everything(policies, cases)
        segments = AddressSegments(spoken, inventory)
        self._parties: dict[PartyClass, list[Party]] = {}
        for party in _everyone(inventory, segments):
            for one in _classes_of(party, segments):
                self._parties.setdefault(one, []).append(party)
        self._classes = PartyClasses(self._parties, segments)
        ports = [p for rule in spoken.rules for p in rule.ports or ()]
        asked = [p for case in cases for p in case.ports or ()]
        self._cuts = ServiceCuts([*ports, *asked, *_USUAL])
        self._pieces = len(self._cuts)
        self._row = len(self._classes) * self._pieces
        self.algebra = Bits(len(self._classes) * self._row)
        self._clients = PartyColumns(self._classes, cache(self._of_clients))
        self._servers = PartyColumns(self._classes, cache(self._of_servers))
        self._port_in = cache(self._of_ports)
        self._there = self._possible()

    # --- columns -------------------------------------------------------------------------------

    def _of_clients(self, classes: int) -> int:
        block = (1 << self._row) - 1
        return sum(block << self._row * client for client in members(classes))

    def _of_servers(self, classes: int) -> int:
        block = (1 << self._pieces) - 1
        row = sum(block << self._pieces * server for server in members(classes))
        return row * _repeated(len(self._classes), self._row)

    def _of_ports(self, ports: PortRange) -> int:
        pieces = self._cuts.pieces(ports)
        some = (1 << pieces.stop) - (1 << pieces.start)
        found = some * _repeated(len(self._classes) ** 2, self._pieces)
        family = _ICMP_FAMILY.get(ports.protocol)
        return (
            found if family is None else found & self._of_clients(self._classes.of_family(family))
        )

    def _possible(self) -> int:
        """The pairs of one family that are two."""
        pairs = 0
        block = (1 << self._pieces) - 1
        classes = self._classes.classes
        for client, one in enumerate(classes):
            for server, other in enumerate(classes):
                if one.family == other.family and self._pair(one, other) is not None:
                    pairs |= block << self._row * client + self._pieces * server
        return pairs

    def _pair(self, client: PartyClass, server: PartyClass) -> tuple[Party, Party] | None:
        """A client and a server of two classes that are two."""
        for one in self._parties[client][:2]:
            for other in self._parties[server][:2]:
                if one.name != other.name or not (one.managed or one == other):
                    return one, other
        return None

    # --- as a world ----------------------------------------------------------------------------

    def side(self, direction: Direction, matched: Callable[[Matcher], int]) -> "_Side":
        ends = (self._clients, self._servers)
        subject, peer = ends if direction is Direction.EGRESS else ends[::-1]
        return _Side(self.algebra, subject, peer, direction, self._port_in, matched)

    def about(self, case: TestCase) -> int:
        alg = self.algebra
        conditions = [
            self._there,
            selects(alg, self._clients, case.left),
            selects(alg, self._servers, case.right),
        ]
        if case.ports is not None:
            conditions.append(alg.some(map(self._port_in, case.ports)))
        return alg.every(conditions)

    def find(self, connections: int) -> Found:
        found = connections & self._there
        if not found:
            return None
        usual = (found & self._port_in(ports) for ports in _USUAL)
        found = next(filter(None, usual), found)
        place = (found & -found).bit_length() - 1
        client, rest = divmod(place, self._row)
        server, piece = divmod(rest, self._pieces)
        one, other = self._classes.classes[client], self._classes.classes[server]
        pair = self._pair(one, other)
        assert pair is not None
        first = next(self._cuts.services(1 << piece).ranges())
        port = first.low if first.protocol in PORTED[one.family] else 0
        return Connection(*pair, one.family, first.protocol, port)

    def requests(self, matchers: Sequence[Matcher]) -> Iterator[Callable[[Matcher], int]]:
        """A reading for each set of matchers, where they are few."""
        if len(matchers) > _FEW_MATCHERS:
            return
        for answers in product((0, self.algebra.full), repeat=len(matchers)):
            yield dict(zip(matchers, answers, strict=True)).__getitem__

    def plain(self, connection: Connection, shows: Callable[[Connection], bool]) -> Connection:
        """The connection itself: its ends are who they are."""
        return connection


class _Side:
    """All connections as one of their sides reads them."""

    def __init__(
        self,
        algebra: Bits,
        subject: PartyColumns,
        peer: PartyColumns,
        direction: Direction,
        port_in: Callable[[PortRange], int],
        matched: Callable[[Matcher], int],
    ) -> None:
        self.subject, self.peer = subject, peer
        self.port_in, self.request = port_in, matched
        self._algebra, self._direction = algebra, direction

    def same_party(self) -> int:
        return 0

    def direction(self, direction: Direction) -> int:
        return self._algebra.const(direction is self._direction)


def _repeated(times: int, width: int) -> int:
    """The number whose product with a pattern of `width` bits is the pattern so many times."""
    return ((1 << times * width) - 1) // ((1 << width) - 1)


def _everything(policies: Sequence[Policy], cases: Sequence[TestCase]) -> Policy:
    """A policy that speaks of all that some policies and cases speak of; it means nothing."""
    first, *_ = policies
    sides = (Audit(side, case.origin) for case in cases for side in (case.left, case.right))
    return replace(
        first,
        rules=tuple(dict.fromkeys(rule for policy in policies for rule in policy.rules)),
        audits=(*first.audits, *sides),
    )


def _everyone(inventory: Inventory, segments: AddressSegments) -> list[Party]:
    """Those whom the inventory knows, and an external address of each segment that has one."""
    outside = {s: segments.external_address(s) for s in range(len(segments))}
    for address in map(ip_address, _NOBODYS):
        if inventory.party_of(address).entities == {Entity.WORLD}:
            outside[segments.of(address)] = address
    external = (inventory.party_of(a) for a in outside.values() if a is not None)
    return [*inventory.parties(), *external]


def _classes_of(party: Party, segments: AddressSegments) -> list[PartyClass]:
    """A party's class; without an address it speaks both families."""
    if party.address is None:
        return [PartyClass.of(party, family, None) for family in (4, 6)]
    return [PartyClass.of(party, party.address.version, segments.of(party.address))]
