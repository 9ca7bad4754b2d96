"""Flows and requests: what a policy decides about."""

from typing import TypeAlias

from msgspec import Struct

from cpc.compiler.policy.model import Address, Direction, Entity

__all__ = [
    "OPAQUE",
    "DnsQuery",
    "Flow",
    "HttpRequest",
    "KafkaElement",
    "KafkaRequest",
    "Label",
    "Opaque",
    "Party",
    "Request",
]


class Label(Struct, frozen=True, order=True):
    """`source:key=value`."""

    source: str
    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.source}:{self.key}={self.value}"


class Party(Struct, frozen=True):
    """One end of a flow.

    `managed`: an endpoint of ours, which has labels and a side. `entities` are the basic facts
    about the others (and `init`, `health` about endpoints): never `all`, `cluster` or `world-ipv*`,
    which follow. A party that is not managed and has no entity is an unknown address (identity 0).
    `world` in `entities` is the fact that the address is external. `ports` are the container ports
    (name, protocol, number), `services` the services that the party is a backend of, `names` the DNS
    names (lower case, no trailing dot) that resolved to its address.
    """

    name: str
    managed: bool
    labels: frozenset[Label] = frozenset()
    entities: frozenset[Entity] = frozenset()
    address: Address | None = None
    ports: frozenset[tuple[str, int, int]] = frozenset()
    services: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


class Opaque(Struct, frozen=True):
    """Bytes that are not the expected protocol."""


OPAQUE = Opaque()


class HttpRequest(Struct, frozen=True):
    """`path` is normalised and includes `?query`; header names are lower case."""

    method: str
    path: str
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class KafkaElement(Struct, frozen=True):
    """One (api key, version, client id, topic) of a Kafka request; `topic` None: it names none."""

    api_key: int
    version: int
    client: str
    topic: str | None


class KafkaRequest(Struct, frozen=True):
    """Allowed iff every element is; at least one element."""

    elements: tuple[KafkaElement, ...]


class DnsQuery(Struct, frozen=True):
    """A queried name, lower case, without its trailing dot."""

    name: str


Request: TypeAlias = HttpRequest | KafkaRequest | DnsQuery | Opaque


class Flow(Struct, frozen=True):
    """A subject's traffic with a peer in one direction.

    `family` is 4 or 6. `port` is the destination port of TCP, UDP and SCTP, `type << 8 | code` of
    ICMP in IPv4 and ICMPv6 in IPv6, and 0 for every other protocol.
    """

    subject: Party
    peer: Party
    direction: Direction
    family: int
    protocol: int
    port: int = 0
