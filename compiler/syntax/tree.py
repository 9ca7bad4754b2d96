"""The syntax tree: what was written, where, in written order, nothing resolved.

Every node carries its span. Equality ignores spans and comments, so `parse(format(t)) == t` can be said.
Names are as written; a name may equal any keyword.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from cpc.compiler.source import Span

__all__ = [
    "L7",
    "AllowHost",
    "Assert",
    "Audit",
    "CidrDef",
    "CidrItem",
    "CidrRef",
    "Comment",
    "Connection",
    "Const",
    "Default",
    "Dns",
    "EndpointsDef",
    "Expr",
    "File",
    "FqdnDef",
    "Grpc",
    "GrpcMatcher",
    "Header",
    "Http",
    "HttpMatcher",
    "Include",
    "Kafka",
    "KafkaMatcher",
    "LabelAnd",
    "LabelNot",
    "LabelOr",
    "LabelTerm",
    "Labels",
    "Mode",
    "Name",
    "Number",
    "Param",
    "Policy",
    "PortDef",
    "PortPart",
    "Ports",
    "Rule",
    "Service",
    "ServiceBackends",
    "ServicePort",
    "Statement",
    "Test",
    "TestCase",
    "Text",
    "Tier",
    "Value",
]


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on its own line or at the end of one; `text` includes the leading `#` (or `///`)."""

    text: str
    span: Span = field(compare=False, repr=False)
    own_line: bool = True


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name: `[A-Za-z_]\\w*(-\\w+)*`, without the backticks it may have been written in."""

    text: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string; `value` has its escapes undone."""

    value: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number."""

    value: int
    span: Span = field(compare=False, repr=False)


Value: TypeAlias = Text | Number | Name
"""A literal, or the name of a `const` or `param`."""


# --- selectors ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelTerm:
    """One requirement of `{ ... }`; `op` is one of exists, absent, =, !=, in, not-in.

    `key` is a bare name (any source) or a quoted `source:key`.
    """

    key: Name | Text
    op: str
    values: tuple[Value, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Labels:
    """`{ a = "x", b in ("p", "q"), c, not d }`: all terms hold; `{}` matches every endpoint."""

    terms: tuple[LabelTerm, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LabelAnd:
    """`a and b`."""

    left: "Expr"
    right: "Expr"
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LabelOr:
    """`a or b`."""

    left: "Expr"
    right: "Expr"
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LabelNot:
    """`not a`."""

    operand: "Expr"
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CidrItem:
    """`10.1.0.0/16 except 10.1.9.0/24` or `10.1.0.0/16 except [a, b]`, in a list or as a peer.

    `network` is the text as written (address or prefix); `excepts` the texts after `except`. All are
    well-formed addresses or prefixes.
    """

    network: Text
    excepts: tuple[Text, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CidrRef:
    """`[ item, name, ... ]` in line, or one bare literal; `scope_any` for `scope any [...]`.

    A `Name` item includes another `cidr` definition.
    """

    items: tuple["CidrItem | Name", ...]
    scope_any: bool
    span: Span = field(compare=False, repr=False)


Expr: TypeAlias = "Name | Labels | LabelAnd | LabelOr | LabelNot | CidrRef"
"""One side of a rule is a tuple of these, separated by commas: their union.

A `Name` is an endpoints, cidr, fqdn or service definition, or an entity.
"""


# --- ports and L7 ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PortPart:
    """`tcp/5432`, `tcp/{443, 8000-8099}`, `tcp/"http"`, `any/53`, `tcp`, `icmp/echo-request`, `proto/47`.

    `protocol` is tcp, udp, sctp, any, icmp, icmpv6 or proto. Each item is (low, high) with equal
    ends for one port, a `Text` for a named container port, or a `Name` (a constant, or an ICMP type
    name such as echo-request). No items: every port or type of the protocol. An ICMP item is a type;
    `icmp/3/1` is the item (3, 3) with `code` 1.
    """

    protocol: str
    items: tuple["tuple[Value, Value] | Text | Name", ...]
    code: Number | None
    span: Span = field(compare=False, repr=False)


Ports: TypeAlias = PortPart | Name
"""One element of a rule's port list; a `Name` is a `port` definition."""


@dataclass(frozen=True, slots=True)
class Header:
    """`header "X"` (present), `header "X" = "v"` (exact, op "="), `header "X" ~ "re"` (op "~")."""

    name: Text
    op: str
    value: Value | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class HttpMatcher:
    """`GET "/x"`, `any "/x"`, `method "GET|HEAD" path "/x.*" host "a.com" header "X" = "y"`.

    The short form (`short`) names one method (a `Text`; None for `any`) and a path that also takes
    any query; the long form has regular expressions. None means anything. Values are `Text` or `Name`.
    """

    short: bool
    method: Value | None
    path: Value | None
    host: Value | None
    headers: tuple[Header, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Http:
    """`http { ... }`."""

    matchers: tuple[HttpMatcher, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class GrpcMatcher:
    """`call "pkg.Service/Method"` (or `"pkg.Service/*"`), with headers."""

    method: Value
    headers: tuple[Header, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Grpc:
    """`grpc { ... }`."""

    matchers: tuple[GrpcMatcher, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KafkaMatcher:
    """`consume topic "t" client "c"`, `produce ...`, `api "fetch" version 3 topic "t"`, `any`.

    `role` is produce, consume or None; it excludes `api`, a name or a number. `topic` may end in `*`.
    """

    role: str | None
    api: Value | None
    version: Number | None
    topic: Value | None
    client: Value | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Kafka:
    """`kafka { ... }`."""

    matchers: tuple[KafkaMatcher, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Dns:
    """`dns { "*.example.com", ... }`."""

    names: tuple[Value, ...]
    span: Span = field(compare=False, repr=False)


L7: TypeAlias = Http | Grpc | Kafka | Dns


# --- statements --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Include:
    """`include "path"`."""

    path: Text
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Const:
    """`const NAME = value`."""

    name: Name
    value: Value
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Param:
    """`param NAME` or `param NAME = default`: set by `--param NAME=VALUE`."""

    name: Name
    default: Value | None
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EndpointsDef:
    """`endpoints NAME = expr`."""

    name: Name
    expr: Expr
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CidrDef:
    """`cidr NAME = [scope any] [ ... ]`."""

    name: Name
    value: CidrRef
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FqdnDef:
    """`fqdn NAME = ["a.com", "*.b.com"]`."""

    name: Name
    patterns: tuple[Value, ...]
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PortDef:
    """`port NAME = tcp/5432` or a comma list."""

    name: Name
    ports: tuple[Ports, ...]
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ServicePort:
    """`port tcp/80 -> 8080` (or `-> "http"`, or a constant)."""

    port: PortPart
    target: Number | Name | Text
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ServiceBackends:
    """`backends expr weight 10`."""

    expr: Expr
    weight: Number | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Service:
    """`service NAME { vip ...  port ...  backends ...  balance maglev  affinity client-ip 30m }`.

    `affinity` is the time-out in seconds.
    """

    name: Name
    vips: tuple[Text, ...]
    ports: tuple[ServicePort, ...]
    backends: tuple[ServiceBackends, ...]
    balance: Name | None
    affinity: int | None
    doc: str
    span: Span = field(compare=False, repr=False)
    affinity_span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Default:
    """`default deny ingress, egress for a, b` (or `default allow ...`)."""

    action: str
    directions: tuple[str, ...]
    subjects: tuple[Expr, ...]
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """`[staged] [ingress|egress] allow|deny|pass|require [NAME:] left -> right [ports] [l7] [log]`.

    `direction` None means both halves. `ports` empty means every protocol. `head` spans the
    statement without its L7 block.
    """

    staged: bool
    direction: str | None
    action: str
    name: Name | None
    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    ports: tuple[Ports, ...]
    l7: L7 | None
    log: bool
    doc: str
    span: Span = field(compare=False, repr=False)
    head: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """`[staged] policy NAME [namespace "ns"] { default..., rules... }`."""

    staged: bool
    name: Name
    namespace: Text | None
    statements: tuple["Default | Rule | Audit", ...]
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tier:
    """`tier admin [NAME] priority 10 { rules }` or `baseline [NAME] priority 100 { rules }`.

    `kind` is admin or baseline.
    """

    kind: str
    name: Name | None
    priority: Number | Name
    rules: tuple[Rule, ...]
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mode:
    """`mode default|always|never`."""

    value: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AllowHost:
    """`allow-host always|policy`."""

    value: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Audit:
    """`audit a, b` or `audit namespace "ns"`: a deny there becomes allow plus log."""

    subjects: tuple[Expr, ...]
    namespace: Text | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assert:
    """`assert never|always|only|reachable|isolated [NAME:] left [-> right] [ports] [request]`.

    `right` is empty for isolated. `request` has exactly one matcher.
    """

    kind: str
    name: Name | None
    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    ports: tuple[Ports, ...]
    request: L7 | None
    doc: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TestCase:
    """`orders -> db tcp/5432 GET "/x" : allow by orders-db`; `verdict` is allow, deny or redirect.

    `by` is a rule's name, the word `default`, or None.
    """

    left: Expr
    right: Expr
    ports: Ports | None
    request: L7 | None
    verdict: str
    by: Name | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """`web -> orders tcp/8080 GET "/x"`: a question, not a part of a file.

    A text as an end is the name of an endpoint: `"shop/web-1"`, or `shop/web-1`.
    """

    left: "Expr | Text"
    right: "Expr | Text"
    ports: Ports | None
    request: L7 | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Test:
    """`test "name" namespace "ns" { cases }`."""

    name: Text
    namespace: Text | None
    cases: tuple[TestCase, ...]
    doc: str
    span: Span = field(compare=False, repr=False)


Statement: TypeAlias = (
    "Include | Const | Param | EndpointsDef | CidrDef | FqdnDef | PortDef | Service | Policy | "
    "Tier | Default | Rule | Mode | AllowHost | Audit | Assert | Test"
)


@dataclass(frozen=True, slots=True)
class File:
    """One `.cil` file. `language` is the number of `language N`, None when it is missing.

    `blank_lines` are the positions where lines without a character start, for `format`.
    """

    name: str
    language: Number | None
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = field(compare=False, repr=False)
    blank_lines: tuple[int, ...] = field(default=(), compare=False, repr=False)
