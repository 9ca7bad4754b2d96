"""The resolved policy: names gone, defaults filled in, every half of every rule on its own.

One model serves native policies and imported ones. It keeps spans, never the source document.
"""

from enum import IntEnum, StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import ClassVar, TypeAlias

from msgspec import Struct

from cpc.compiler.compared import Compared
from cpc.compiler.source import Span

__all__ = [
    "ALL",
    "Action",
    "Address",
    "AllOf",
    "AnyOf",
    "Audit",
    "Cidr",
    "Direction",
    "DnsMatch",
    "EndpointTerm",
    "Entity",
    "EntityTerm",
    "Everything",
    "Fqdn",
    "GrpcMatch",
    "Has",
    "HeaderMatch",
    "HttpMatch",
    "In",
    "Isolation",
    "KafkaMatch",
    "L7Match",
    "LabelExpr",
    "LabelKey",
    "Matcher",
    "Mode",
    "NamedPort",
    "Network",
    "Not",
    "Origin",
    "Policy",
    "PortName",
    "PortRange",
    "Protocol",
    "Requirement",
    "Rule",
    "Selector",
    "ServiceTerm",
    "Term",
    "Tier",
]

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


class Direction(StrEnum):
    """Seen from the subject: ingress comes to it, egress leaves it."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Action(StrEnum):
    """What a matching rule does; `pass` ends its tier."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"


class Tier(IntEnum):
    """Tiers in the order they are asked."""

    ADMIN = 0
    NORMAL = 1
    BASELINE = 2


class Mode(StrEnum):
    """What happens where no tier decides: `default` allows, `always` denies; `never` asks no tier."""

    DEFAULT = "default"
    ALWAYS = "always"
    NEVER = "never"


class Protocol(IntEnum):
    """IP protocol numbers with a name in the language (IANA)."""

    ICMP = 1
    TCP = 6
    UDP = 17
    ICMPV6 = 58
    SCTP = 132


class Entity(StrEnum):
    """Peers that are not label sets; `all` and `cluster` are predicates over the others."""

    ALL = "all"
    WORLD = "world"
    WORLD_IPV4 = "world-ipv4"
    WORLD_IPV6 = "world-ipv6"
    CLUSTER = "cluster"
    HOST = "host"
    REMOTE_NODE = "remote-node"
    KUBE_APISERVER = "kube-apiserver"
    HEALTH = "health"
    INIT = "init"
    UNMANAGED = "unmanaged"


# --- label expressions -------------------------------------------------------------------------


class LabelKey(Struct, frozen=True, order=True):
    """A label's source and key; source `any` ranges over every source."""

    source: str
    key: str

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"


class Everything(Struct, frozen=True):
    """Holds for every endpoint."""


class Has(Struct, frozen=True):
    """The key is present (`Exists`)."""

    key: LabelKey


class In(Struct, frozen=True):
    """The key is present with one of the values; values sorted, unique; none: never holds."""

    key: LabelKey
    values: tuple[str, ...]


class Not(Struct, frozen=True):
    """The operand does not hold; so `NotIn` holds where the key is absent."""

    operand: "LabelExpr"


class AllOf(Struct, frozen=True):
    """Every operand holds."""

    operands: tuple["LabelExpr", ...]


class AnyOf(Struct, frozen=True):
    """Some operand holds; none: never."""

    operands: tuple["LabelExpr", ...]


LabelExpr: TypeAlias = "Everything | Has | In | Not | AllOf | AnyOf"


# --- selectors ---------------------------------------------------------------------------------


class EndpointTerm(Struct, frozen=True):
    """Endpoints whose labels satisfy `expr`; never the host, the world, or an unknown address."""

    expr: LabelExpr


class EntityTerm(Struct, frozen=True):
    """One entity."""

    entity: Entity


class Cidr(Struct, frozen=True):
    """Addresses in `network` but in none of `excepts` (each inside `network`, sorted).

    Matches external addresses only, unless `scope_any`: then every address.
    """

    network: Network
    excepts: tuple[Network, ...] = ()
    scope_any: bool = False


class Fqdn(Struct, frozen=True):
    """External addresses that names matching one of the patterns resolved to."""

    patterns: tuple[str, ...]


class ServiceTerm(Struct, frozen=True):
    """The current backends of a service, on their target ports."""

    name: str


class NamedPort(Struct, frozen=True):
    """`term`, and the party has a container port `name` of `protocol` with number `port`.

    Made by `resolve` from named ports under an inventory; not written by users.
    """

    term: "Term"
    name: str
    protocol: int
    port: int


Term: TypeAlias = "EndpointTerm | EntityTerm | Cidr | Fqdn | ServiceTerm | NamedPort"

Selector: TypeAlias = tuple[Term, ...]
"""A union of terms, in written order; the empty selector matches nothing."""

ALL: Selector = (EntityTerm(Entity.ALL),)


# --- ports and L7 ------------------------------------------------------------------------------


class PortRange(Struct, frozen=True, order=True):
    """Destination ports low..high (both included, 0-65535) of one IP protocol (0-255).

    For ICMP (only in IPv4) and ICMPv6 (only in IPv6) a "port" is `type << 8 | code`. Protocols
    without ports have the range 0-65535.
    """

    protocol: int
    low: int = 0
    high: int = 65535


class HeaderMatch(Struct, frozen=True):
    """A header that is present (`op` "present"), equal ("=") or matching RE2 `value` ("~")."""

    name: str
    op: str
    value: str = ""


class HttpMatch(Struct, frozen=True):
    """RE2 expressions, whole-string; None matches anything.

    `path` is matched with its `?query`, unless `any_query`: then what precedes `?` is matched.
    """

    method: str | None
    path: str | None
    host: str | None
    headers: tuple[HeaderMatch, ...] = ()
    any_query: bool = False


class GrpcMatch(Struct, frozen=True):
    """`service` is `pkg.Service`, `method` its method or None for every one."""

    service: str
    method: str | None
    headers: tuple[HeaderMatch, ...] = ()


class KafkaMatch(Struct, frozen=True):
    """Api keys (None: every), version, client id, topic (a trailing `*` is a prefix); None: any."""

    api_keys: frozenset[int] | None
    version: int | None
    client: str | None
    topic: str | None


class DnsMatch(Struct, frozen=True):
    """A DNS name, lower case, no trailing dot; `*` matches inside one label run as in Cilium."""

    pattern: str


Matcher: TypeAlias = HttpMatch | GrpcMatch | KafkaMatch | DnsMatch


class L7Match(Struct, frozen=True):
    """The request part of a rule; `protocol` is http, grpc, kafka or dns. Any matcher suffices."""

    protocol: str
    matchers: tuple[Matcher, ...]


# --- statements --------------------------------------------------------------------------------


class PortName(Struct, frozen=True, order=True):
    """A container port's name that rules of a protocol use, and every number that it was known to have.

    `numbers` are sorted; none: the name matched nothing when the policy was resolved.
    """

    name: str
    protocol: int
    numbers: tuple[int, ...]


class Origin(Compared, frozen=True):
    """Where something was written: its name, its place, its policy and doc comment.

    `name` is the rule's name, or one made from its place when it has none. `order` is
    (file number on the command line, line, column): the last part of the order of rules.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"span"})

    name: str
    span: Span
    order: tuple[int, int, int]
    policy: str = ""
    namespace: str = ""
    doc: str = ""


class Rule(Compared, frozen=True):
    """One half of a rule: what it does to flows of its subjects in its direction.

    `ports` None: every protocol. `l7` only on allow rules. `priority`, `block` and `index` order
    tiered rules and are 0 for normal ones.

    `named` are the container ports (name, protocols) that the written rule also speaks of, for those who
    write it down again: they match nothing here. What an inventory gives them are halves of their own,
    with `NamedPort` terms.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"named"})

    direction: Direction
    action: Action
    tier: Tier
    priority: int
    block: int
    index: int
    subject: Selector
    peers: Selector
    ports: tuple[PortRange, ...] | None
    l7: L7Match | None
    staged: bool
    log: bool
    origin: Origin
    named: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def key(self) -> tuple[int, int, tuple[int, int, int]]:
        """(tier, priority, place): the order in which rules are named."""
        return (int(self.tier), self.priority, self.origin.order)


class Isolation(Struct, frozen=True):
    """`isolate(subject, direction)`: a default deny, stated or imported."""

    direction: Direction
    subject: Selector
    staged: bool
    origin: Origin


class Requirement(Struct, frozen=True):
    """Label peers of the subject's normal-tier allow rules must also match `peers`."""

    direction: Direction
    subject: Selector
    peers: Selector
    staged: bool
    origin: Origin


class Audit(Struct, frozen=True):
    """Subjects whose deny becomes allow plus log."""

    subject: Selector
    origin: Origin


class Policy(Compared, frozen=True):
    """All of one run's policy.

    `rules`, `isolations` and `requirements` are sorted by key or order. `open_defaults` are the
    `default allow` statements: they isolate nobody, and say that this is meant. `unenforced` are
    places whose meaning this version resolves but cannot enforce: (what, span). `port_names` are the
    named ports that rules use, sorted.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"unenforced"})

    rules: tuple[Rule, ...]
    isolations: tuple[Isolation, ...] = ()
    open_defaults: tuple[Isolation, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    audits: tuple[Audit, ...] = ()
    mode: Mode = Mode.DEFAULT
    allow_host: bool = True
    port_names: tuple[PortName, ...] = ()
    unenforced: tuple[tuple[str, Span], ...] = ()
