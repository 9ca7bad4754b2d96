"""Points of the grid as flows that `decide` takes."""

from ipaddress import IPv4Address, IPv6Address

from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.model import Address, Direction, Protocol, ServiceTerm
from cpc.compiler.verify.engine.index import Point
from cpc.compiler.verify.engine.space import (
    ADDRESS,
    ENTITIES,
    EXTERNAL,
    LABELLED,
    MANAGED,
    PEER,
    SERVICE,
    SUBJECT,
    Kind,
    Side,
    Space,
)
from cpc.compiler.verify.vocabulary import fresh, sample_names

__all__ = ["Points"]

_OWN = (IPv4Address("10.0.0.1"), IPv6Address("fd00::1"))
_NUMBERED = (Protocol.TCP, Protocol.UDP, Protocol.SCTP)


class Points:
    """Writes points of a space as flows of one direction."""

    def __init__(self, space: Space, direction: Direction) -> None:
        self._space = space
        self._direction = direction
        self._samples = sample_names(s for _, s in space.switches if isinstance(s, str))

    def flow(self, point: Point) -> Flow:
        """A flow at a point; fields that it leaves out are chosen plainly."""
        address = self._space.address(point.get(ADDRESS, 0))
        protocol, port = self.service(point, address.version)
        own = self._own(point)
        subject = self.party(Side.SUBJECT, "subject", point, Kind(point.get(SUBJECT, 0)), own)
        peer = self.party(Side.PEER, "peer", point, Kind(point.get(PEER, 0)), address)
        return Flow(subject, peer, self._direction, address.version, protocol, port)

    def service(self, point: Point, family: int) -> tuple[int, int]:
        """The protocol and port of a point in a family, as `Flow` has them."""
        space = self._space
        protocol, port = space.service(point.get(SERVICE, len(space.services)))
        own = Protocol.ICMP if family == 4 else Protocol.ICMPV6
        if protocol not in (*_NUMBERED, own):
            return protocol, 0
        if port == 0 and protocol in _NUMBERED:
            return protocol, self._port(point.get(SERVICE))
        return protocol, port

    def _port(self, atom: int | None) -> int:
        """Of a range that starts with port 0, which nobody uses, the next port if there is one."""
        services = self._space.services
        if atom is None or atom >= len(services):
            return 80
        return min(services[atom].high, 80)

    def party(self, side: Side, name: str, point: Point, kind: Kind, address: Address) -> Party:
        """Who is at one side of a point, at an address."""
        managed = bool(MANAGED >> kind & 1)
        external = bool(EXTERNAL >> kind & 1)
        labels = self._labels(side, point) if LABELLED >> kind & 1 else []
        if kind is Kind.ENDPOINT and not labels:
            labels = [Label("k8s", fresh("other", self._space.labels), "x")]
        ports: set[tuple[str, int, int]] = set()
        services: set[str] = set()
        names: set[str] = set()
        for (where, fact), at in self._space.switches.items():
            if where is not side or point.get(at) != 1:
                continue
            if isinstance(fact, tuple) and managed:
                ports.add(fact)
            elif isinstance(fact, ServiceTerm) and managed:
                services.add(fact.name)
            elif isinstance(fact, str) and external:
                names.add(self._samples[fact])
        return Party(
            name,
            managed,
            frozenset(labels),
            ENTITIES[kind],
            address,
            frozenset(ports),
            frozenset(services),
            frozenset(names),
        )

    def _own(self, point: Point) -> Address:
        """An address for the subject, of the peer's family and not the peer's."""
        address = self._space.address(point.get(ADDRESS, 0))
        own = _OWN[address.version == 6]
        return own if own != address else own + 1

    def _labels(self, side: Side, point: Point) -> list[Label]:
        found: list[Label] = []
        for at, (where, key) in self._space.key_of.items():
            label = self._space.labels[key].label(point.get(at, 0)) if where is side else None
            if label is not None:
                found.append(Label(label[0], key, label[1]))
        return found
