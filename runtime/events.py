"""Verdicts from the ring: decoded, named by rule and line, shown to people and programs."""

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address
from typing import Any

from msgspec import Struct

from cpc.compiler.artifact import RuleEntry, Sites
from cpc.runtime.identity import NAMES
from cpc.runtime.maps import EVENT, Address, unpack_address
from cpc.runtime.plan import PlannedEndpoint
from cpc.runtime.reasons import PacketReason
from cpc.runtime.state import Generation

__all__ = ["Event", "Namer", "RawEvent", "decode", "human", "json_event"]

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}
_FLAGS = ((2, "SYN"), (16, "ACK"), (1, "FIN"), (4, "RST"))


class RawEvent(Struct, frozen=True):
    """struct cpc_event. `ns` is CLOCK_MONOTONIC; family 0: not IP, or not read so far."""

    ns: int
    endpoint: int
    generation: int
    identity: int
    service_key: int
    site: int
    length: int
    source_port: int
    destination_port: int
    direction: str
    reason: PacketReason
    family: int
    protocol: int
    tcp_flags: int
    source: Address | None
    destination: Address | None
    bits: int


def decode(record: bytes) -> RawEvent:
    """One record of the ring."""
    (
        ns,
        endpoint,
        generation,
        identity,
        key,
        site,
        length,
        source_port,
        destination_port,
        words,
        direction,
        _,
        reason,
        family,
        protocol,
        tcp_flags,
        _,
        source,
        destination,
    ) = EVENT.unpack_from(record)
    return RawEvent(
        ns=ns,
        endpoint=endpoint,
        generation=generation,
        identity=identity,
        service_key=key,
        site=site,
        length=length,
        source_port=int.from_bytes(source_port, "big"),
        destination_port=int.from_bytes(destination_port, "big"),
        direction="egress" if direction else "ingress",
        reason=PacketReason(reason),
        family=family,
        protocol=protocol,
        tcp_flags=tcp_flags,
        source=unpack_address(source, family) if family else None,
        destination=unpack_address(destination, family) if family else None,
        bits=int.from_bytes(record[EVENT.size : EVENT.size + 8 * words], "little"),
    )


class Event(Struct, frozen=True):
    """A verdict with names. `endpoint` and `peer` as people know them; `rule` where the policy was asked
    and a statement of it decided."""

    raw: RawEvent
    endpoint: str
    peer: str
    rule: RuleEntry | None

    @property
    def allowed(self) -> bool:
        return not self.raw.reason.dropped


class Namer:
    """Gives names to numbers, by the generation that an event is of.

    `read` is asked once for each generation; it may not know one that is gone (None).
    """

    def __init__(self, read: Callable[[int], Generation | None]) -> None:
        self._read = read
        self._known: dict[int, _Names | None] = {}

    def name(self, raw: RawEvent) -> Event:
        """The event with all names that can be found."""
        if raw.generation not in self._known:
            generation = self._read(raw.generation)
            self._known[raw.generation] = None if generation is None else _Names.of(generation)
        names = self._known[raw.generation]
        if names is None:
            return Event(raw, str(raw.endpoint), str(raw.identity), None)
        return names.name(raw)


class _Names(Struct, frozen=True):
    sites: Sites
    endpoints: Mapping[int, PlannedEndpoint]
    owners: Mapping[Address, str]
    identities: Mapping[int, str]

    @classmethod
    def of(cls, generation: Generation) -> "_Names":
        return cls(
            sites=Sites(generation.artifact.program),
            endpoints={e.id: e for e in generation.endpoints},
            owners={
                address: endpoint.name
                for endpoint in generation.inventory.endpoints
                for address in endpoint.addresses
            },
            identities=NAMES | {n: ",".join(labels) for labels, n in generation.identities.items()},
        )

    def name(self, raw: RawEvent) -> Event:
        endpoint = self.endpoints.get(raw.endpoint)
        remote = raw.destination if raw.direction == "egress" else raw.source
        peer = self.identities.get(raw.identity, str(raw.identity))
        if remote is not None:
            peer = self.owners.get(remote, peer)
        rule = None
        if raw.site and endpoint is not None:
            rule = self.sites.name(raw.site, endpoint.subject, raw.bits)
        return Event(raw, endpoint.name if endpoint else str(raw.endpoint), peer, rule)


def _port(raw: RawEvent) -> str:
    """`tcp/80`, `icmp/8.0`, `47`: what the flow is about."""
    protocol = _PROTOCOLS.get(raw.protocol, str(raw.protocol))
    if raw.service_key >> 16 in (1, 58):
        return f"{protocol}/{raw.service_key >> 8 & 0xFF}.{raw.service_key & 0xFF}"
    if raw.protocol in (6, 17, 132):
        return f"{protocol}/{raw.destination_port}"
    return protocol


def _at(address: Address | None, port: int) -> str:
    if address is None:
        return "?"
    if not port:
        return str(address)
    return f"[{address}]:{port}" if isinstance(address, IPv6Address) else f"{address}:{port}"


def human(event: Event) -> str:
    """One line: verdict, reason, who to whom, what, and the rule with its place."""
    raw = event.raw
    arrow = "->" if raw.direction == "egress" else "<-"
    verdict = "allow" if event.allowed else "drop "
    flags = "".join(f" {name}" for bit, name in _FLAGS if raw.tcp_flags & bit)
    line = (
        f"{raw.ns / 1e9:.6f} {verdict} {raw.reason.label:<14} "
        f"{event.endpoint} {arrow} {event.peer} {_port(raw) if raw.family else '-'}{flags} "
        f"({_at(raw.source, raw.source_port)} -> {_at(raw.destination, raw.destination_port)})"
    )
    if event.rule is not None:
        line += f" by {event.rule.name}{_place(event.rule)}"
    return line


def _place(rule: RuleEntry) -> str:
    return f" at {rule.file}:{rule.line}" if rule.file else ""


def json_event(event: Event) -> dict[str, Any]:
    """Plain data with stable keys."""
    raw, rule = event.raw, event.rule
    return {
        "ns": raw.ns,
        "verdict": "allow" if event.allowed else "drop",
        "reason": raw.reason.label,
        "direction": raw.direction,
        "endpoint": event.endpoint,
        "peer": event.peer,
        "identity": raw.identity,
        "family": raw.family,
        "protocol": _PROTOCOLS.get(raw.protocol, str(raw.protocol)) if raw.family else None,
        "source": str(raw.source) if raw.source else None,
        "source_port": raw.source_port,
        "destination": str(raw.destination) if raw.destination else None,
        "destination_port": raw.destination_port,
        "service_key": raw.service_key,
        "length": raw.length,
        "generation": raw.generation,
        "rule": None
        if rule is None
        else {
            "name": rule.name,
            "reason": str(rule.reason),
            "file": rule.file,
            "line": rule.line,
            "column": rule.column,
        },
    }
