"""The flows of one direction as a grid: each field of a flow in atoms that no rule tells apart.

The open world: labels are free, but a key has one source in one endpoint's labels. A *box* is a mask of
atoms for some of the fields, and every atom of the others; a half of a rule is a union of boxes. No box
depends on fields that a party of its kind does not have, so every point of the grid stands for flows.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.model import Address, Entity, LabelKey, Network, PortRange, Protocol
from cpc.compiler.verify.vocabulary import OTHER_SOURCE, SOURCES

__all__ = [
    "ADDRESS",
    "ENTITIES",
    "EVERYONE",
    "EXTERNAL",
    "LABELLED",
    "MANAGED",
    "OTHER_SOURCES",
    "PEER",
    "SERVICE",
    "SUBJECT",
    "Box",
    "Kind",
    "Side",
    "Space",
]

Box: TypeAlias = dict[int, int]
"""Masks by field; a field that is missing is not narrowed. No mask is zero."""


class Kind(IntEnum):
    """Who a party can be, as atoms of the fields `SUBJECT` and `PEER`."""

    ENDPOINT = 0
    INIT = 1
    HEALTH = 2
    WORLD = 3
    WORLD_API = 4
    HOST = 5
    HOST_API = 6
    REMOTE = 7
    REMOTE_API = 8
    UNMANAGED = 9
    UNMANAGED_API = 10
    API = 11
    UNKNOWN = 12


ENTITIES: dict[Kind, frozenset[Entity]] = {
    Kind.ENDPOINT: frozenset(),
    Kind.INIT: frozenset({Entity.INIT}),
    Kind.HEALTH: frozenset({Entity.HEALTH}),
    Kind.WORLD: frozenset({Entity.WORLD}),
    Kind.WORLD_API: frozenset({Entity.WORLD, Entity.KUBE_APISERVER}),
    Kind.HOST: frozenset({Entity.HOST}),
    Kind.HOST_API: frozenset({Entity.HOST, Entity.KUBE_APISERVER}),
    Kind.REMOTE: frozenset({Entity.REMOTE_NODE}),
    Kind.REMOTE_API: frozenset({Entity.REMOTE_NODE, Entity.KUBE_APISERVER}),
    Kind.UNMANAGED: frozenset({Entity.UNMANAGED}),
    Kind.UNMANAGED_API: frozenset({Entity.UNMANAGED, Entity.KUBE_APISERVER}),
    Kind.API: frozenset({Entity.KUBE_APISERVER}),
    Kind.UNKNOWN: frozenset(),
}
"""The basic facts of each kind (`Party.entities`)."""

MANAGED = 1 << Kind.ENDPOINT | 1 << Kind.INIT | 1 << Kind.HEALTH
LABELLED = 1 << Kind.ENDPOINT | 1 << Kind.HEALTH
"""Kinds that may have labels."""
EXTERNAL = 1 << Kind.WORLD | 1 << Kind.WORLD_API
EVERYONE = (1 << len(Kind)) - 1

SUBJECT, PEER, ADDRESS, SERVICE = 0, 1, 2, 3
"""Fields of every space: the subject's kind, the peer's kind and address, protocol with port."""


class Side(IntEnum):
    """Whose labels, ports and services a field is about."""

    SUBJECT = 0
    PEER = 1


OTHER_SOURCES = "*"
"""The source that stands for all that no rule names."""


class _Labels:
    """Atoms of one label key: 0 is absent; then for each source each known value, and any other."""

    def __init__(self, sources: tuple[str, ...], values: tuple[str, ...]) -> None:
        self.sources = sources
        self.values = values
        self.number = {value: i for i, value in enumerate(values)}
        self.width = len(values) + 1
        self.full = (1 << (1 + len(sources) * self.width)) - 1

    def present(self, source: str) -> int:
        """Every atom in which the key is there."""
        if source == "any":
            return self.full & ~1
        return ((1 << self.width) - 1) << (1 + self.sources.index(source) * self.width)

    def among(self, source: str, values: Iterable[str]) -> int:
        """The atoms with one of the values."""
        bits = 0
        for value in values:
            bits |= 1 << self.number[value]
        sources = range(len(self.sources)) if source == "any" else (self.sources.index(source),)
        found = 0
        for position in sources:
            found |= bits << (1 + position * self.width)
        return found

    def label(self, atom: int) -> tuple[str, str] | None:
        """(source, value) of an atom; None where it is absent."""
        if atom == 0:
            return None
        position, number = divmod(atom - 1, self.width)
        source = self.sources[position]
        value = self.values[number] if number < len(self.values) else self.other_value
        if source == OTHER_SOURCES:
            source = next(s for s in (*SOURCES, OTHER_SOURCE) if s not in self.sources)
        return source, value

    def atom(self, label: Label | None) -> int:
        """The atom of a label of the key, or of none; a source that nobody asks about is none."""
        if label is None:
            return 0
        source = label.source if label.source in self.sources else OTHER_SOURCES
        if source not in self.sources:
            return 0
        position = self.sources.index(source)
        return 1 + position * self.width + self.number.get(label.value, len(self.values))

    @property
    def other_value(self) -> str:
        """A value that no rule names."""
        value = "other"
        while value in self.number:
            value += "-"
        return value


class Space:
    """The fields of a policy's flows and their atoms.

    `keys` are label keys with their values, `networks` every prefix and `ports` every range that is
    spoken of; `switches` are facts of a party that hold or do not: container ports, services, names.
    """

    def __init__(
        self,
        keys: Iterable[tuple[LabelKey, Sequence[str]]],
        networks: Iterable[Network],
        ports: Iterable[PortRange],
        switches: Iterable[tuple[Side, object]],
    ) -> None:
        self.labels = _label_fields(keys)
        self._networks = frozenset(networks)
        self.cuts4 = _cuts(self._networks, 4)
        self.cuts6 = _cuts(self._networks, 6)
        self.four = (1 << len(self.cuts4)) - 1
        self.six = ((1 << len(self.cuts6)) - 1) << len(self.cuts4)
        self.services = _services(ports)
        self._starts = [(s.protocol, s.low) for s in self.services]
        names = sorted(self.labels)
        self._key_fields = {
            (side, key): 4 + 2 * i + side for i, key in enumerate(names) for side in Side
        }
        first = 4 + 2 * len(names)
        self.switches = {s: first + i for i, s in enumerate(dict.fromkeys(switches))}
        self.full: list[int] = [
            MANAGED,
            EVERYONE,
            self.four | self.six,
            (1 << (len(self.services) + 1)) - 1,
        ]
        self.full += [self.labels[key].full for key in names for _ in Side]
        self.full += [3] * len(self.switches)
        self.key_of = {f: (side, key) for (side, key), f in self._key_fields.items()}

    # --- masks ---------------------------------------------------------------------------------

    def label_field(self, side: Side, key: LabelKey) -> int:
        """The field of a label key."""
        return self._key_fields[side, key.key]

    def key_fields(self, side: Side) -> dict[str, int]:
        """The fields of all label keys of a side."""
        return {key: at for (where, key), at in self._key_fields.items() if where is side}

    def has(self, key: LabelKey) -> int:
        """The key is there."""
        return self.labels[key.key].present(key.source)

    def among(self, key: LabelKey, values: Iterable[str]) -> int:
        """The key has one of the values."""
        return self.labels[key.key].among(key.source, values)

    def network(self, network: Network) -> int:
        """The addresses of a prefix."""
        cuts, shift = (self.cuts4, 0) if network.version == 4 else (self.cuts6, len(self.cuts4))
        low = bisect_left(cuts, int(network[0]))
        high = bisect_left(cuts, int(network[-1]) + 1)
        return ((1 << (high - low)) - 1) << (low + shift)

    def ports(self, ports: PortRange) -> int:
        """The services of a range."""
        low = bisect_left(self._starts, (ports.protocol, ports.low))
        high = bisect_right(self._starts, (ports.protocol, ports.high))
        return ((1 << (high - low)) - 1) << low

    def families(self, ports: PortRange) -> int:
        """The addresses that can have a service of a range: ICMP is of one family."""
        if ports.protocol == Protocol.ICMP:
            return self.four
        return self.six if ports.protocol == Protocol.ICMPV6 else self.four | self.six

    # --- points --------------------------------------------------------------------------------

    def address(self, atom: int) -> Address:
        """An address of an atom, one that looks like an address of a machine where there is one."""
        low, high = self.bounds(atom)
        four = atom < len(self.cuts4)
        usual = (0xCB007107,) if four else (0x20010DB8 << 96 | 0x7107,)
        chosen = next((a for a in usual if low <= a <= high), min(low + 1, high))
        return IPv4Address(chosen) if four else IPv6Address(chosen)

    def bounds(self, atom: int) -> tuple[int, int]:
        """The numbers of an atom's first and last address."""
        cuts, end = (self.cuts4, 1 << 32) if atom < len(self.cuts4) else (self.cuts6, 1 << 128)
        place = atom if atom < len(self.cuts4) else atom - len(self.cuts4)
        return cuts[place], (cuts[place + 1] if place + 1 < len(cuts) else end) - 1

    def single(self, atom: int) -> bool:
        """Whether an atom is one address."""
        low, high = self.bounds(atom)
        return low == high

    def service(self, atom: int) -> tuple[int, int]:
        """(protocol, port) of an atom."""
        if atom < len(self.services):
            found = self.services[atom]
            return found.protocol, found.low
        known = {s.protocol for s in self.services}
        usual = (Protocol.TCP, Protocol.UDP, *range(143, 253), *range(256))
        return next(int(p) for p in usual if int(p) not in known and p not in (1, 58)), 0

    def service_atom(self, protocol: int, port: int) -> int:
        """The atom of a protocol's port."""
        at = bisect_right(self._starts, (protocol, port)) - 1
        known = at >= 0 and self.services[at].protocol == protocol
        return at if known else len(self.services)

    def usual_service(self, mask: int) -> int:
        """The atom of some services that reads best."""
        for protocol in (Protocol.TCP, Protocol.UDP):
            mask = mask & self.ports(PortRange(protocol)) or mask
        return (mask & -mask).bit_length() - 1


def _label_fields(keys: Iterable[tuple[LabelKey, Sequence[str]]]) -> dict[str, _Labels]:
    sources: dict[str, dict[str, None]] = {}
    values: dict[str, dict[str, None]] = {}
    for key, known in keys:
        source = OTHER_SOURCES if key.source == "any" else key.source
        sources.setdefault(key.key, {})[source] = None
        values.setdefault(key.key, {}).update(dict.fromkeys(known))
    return {
        key: _Labels(tuple(sorted(found, reverse=True)), tuple(sorted(values[key])))
        for key, found in sources.items()
    }


def _cuts(networks: Iterable[Network], version: int) -> list[int]:
    """Where atoms of addresses start, in order."""
    cuts = {0}
    for network in networks:
        if network.version == version:
            cuts |= {int(network[0]), int(network[-1]) + 1}
    return sorted(cuts - {1 << (32 if version == 4 else 128)})


def _services(ports: Iterable[PortRange]) -> list[PortRange]:
    """Atoms of protocols and ports, sorted; the last atom, of all other protocols, is not among them."""
    cuts: dict[int, set[int]] = {}
    for one in ports:
        cuts.setdefault(one.protocol, {0}).update({one.low, one.high + 1})
    found: list[PortRange] = []
    for protocol, starts in sorted(cuts.items()):
        bounds = sorted(s for s in starts if s <= 65535)
        ends = [*(b - 1 for b in bounds[1:]), 65535]
        found += [PortRange(protocol, low, high) for low, high in zip(bounds, ends, strict=True)]
    return found
