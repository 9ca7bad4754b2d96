"""The syntax tree: what was written, where, in written order, nothing resolved.

Every node carries its span. Equality ignores spans and comments, so `parse(format(t)) == t` can be said.
Names are as written; a name may equal any keyword.
"""

from typing import ClassVar, TypeAlias

from cpc.compiler.compared import Compared
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


class Node(Compared, frozen=True):
    """A part of a tree."""

    uncompared: ClassVar[frozenset[str]] = frozenset(
        {"span", "affinity_span", "head", "comments", "blank_lines"}
    )


class Comment(Node, frozen=True):
    """A comment on its own line or at the end of one; `text` includes the leading `#` (or `///`)."""

    text: str
    span: Span
    own_line: bool = True


class Name(Node, frozen=True):
    """A bare name: `[A-Za-z_]\\w*(-\\w+)*`, without the backticks it may have been written in."""

    text: str
    span: Span


class Text(Node, frozen=True):
    """A quoted string; `value` has its escapes undone."""

    value: str
    span: Span


class Number(Node, frozen=True):
    """A decimal number."""

    value: int
    span: Span


Value: TypeAlias = Text | Number | Name
"""A literal, or the name of a `const` or `param`."""


# --- selectors ---------------------------------------------------------------------------------


class LabelTerm(Node, frozen=True):
    """One requirement of `{ ... }`; `op` is one of exists, absent, =, !=, in, not-in.

    `key` is a bare name (any source) or a quoted `source:key`.
    """

    key: Name | Text
    op: str
    values: tuple[Value, ...]
    span: Span


class Labels(Node, frozen=True):
    """`{ a = "x", b in ("p", "q"), c, not d }`: all terms hold; `{}` matches every endpoint."""

    terms: tuple[LabelTerm, ...]
    span: Span


class LabelAnd(Node, frozen=True):
    """`a and b`."""

    left: "Expr"
    right: "Expr"
    span: Span


class LabelOr(Node, frozen=True):
    """`a or b`."""

    left: "Expr"
    right: "Expr"
    span: Span


class LabelNot(Node, frozen=True):
    """`not a`."""

    operand: "Expr"
    span: Span


class CidrItem(Node, frozen=True):
    """`10.1.0.0/16 except 10.1.9.0/24` or `10.1.0.0/16 except [a, b]`, in a list or as a peer.

    `network` is the text as written (address or prefix); `excepts` the texts after `except`. All are
    well-formed addresses or prefixes.
    """

    network: Text
    excepts: tuple[Text, ...]
    span: Span


class CidrRef(Node, frozen=True):
    """`[ item, name, ... ]` in line, or one bare literal; `scope_any` for `scope any [...]`.

    A `Name` item includes another `cidr` definition.
    """

    items: tuple["CidrItem | Name", ...]
    scope_any: bool
    span: Span


Expr: TypeAlias = "Name | Labels | LabelAnd | LabelOr | LabelNot | CidrRef"
"""One side of a rule is a tuple of these, separated by commas: their union.

A `Name` is an endpoints, cidr, fqdn or service definition, or an entity.
"""


# --- ports and L7 ------------------------------------------------------------------------------


class PortPart(Node, frozen=True):
    """`tcp/5432`, `tcp/{443, 8000-8099}`, `tcp/"http"`, `any/53`, `tcp`, `icmp/echo-request`, `proto/47`.

    `protocol` is tcp, udp, sctp, any, icmp, icmpv6 or proto. Each item is (low, high) with equal
    ends for one port, a `Text` for a named container port, or a `Name` (a constant, or an ICMP type
    name such as echo-request). No items: every port or type of the protocol. An ICMP item is a type;
    `icmp/3/1` is the item (3, 3) with `code` 1.
    """

    protocol: str
    items: tuple["tuple[Value, Value] | Text | Name", ...]
    code: Number | None
    span: Span


Ports: TypeAlias = PortPart | Name
"""One element of a rule's port list; a `Name` is a `port` definition."""


class Header(Node, frozen=True):
    """`header "X"` (present), `header "X" = "v"` (exact, op "="), `header "X" ~ "re"` (op "~")."""

    name: Text
    op: str
    value: Value | None
    span: Span


class HttpMatcher(Node, frozen=True):
    """`GET "/x"`, `any "/x"`, `method "GET|HEAD" path "/x.*" host "a.com" header "X" = "y"`.

    The short form (`short`) names one method (a `Text`; None for `any`) and a path that also takes
    any query; the long form has regular expressions. None means anything. Values are `Text` or `Name`.
    """

    short: bool
    method: Value | None
    path: Value | None
    host: Value | None
    headers: tuple[Header, ...]
    span: Span


class Http(Node, frozen=True):
    """`http { ... }`."""

    matchers: tuple[HttpMatcher, ...]
    span: Span


class GrpcMatcher(Node, frozen=True):
    """`call "pkg.Service/Method"` (or `"pkg.Service/*"`), with headers."""

    method: Value
    headers: tuple[Header, ...]
    span: Span


class Grpc(Node, frozen=True):
    """`grpc { ... }`."""

    matchers: tuple[GrpcMatcher, ...]
    span: Span


class KafkaMatcher(Node, frozen=True):
    """`consume topic "t" client "c"`, `produce ...`, `api "fetch" version 3 topic "t"`, `any`.

    `role` is produce, consume or None; it excludes `api`, a name or a number. `topic` may end in `*`.
    """

    role: str | None
    api: Value | None
    version: Number | None
    topic: Value | None
    client: Value | None
    span: Span


class Kafka(Node, frozen=True):
    """`kafka { ... }`."""

    matchers: tuple[KafkaMatcher, ...]
    span: Span


class Dns(Node, frozen=True):
    """`dns { "*.example.com", ... }`."""

    names: tuple[Value, ...]
    span: Span


L7: TypeAlias = Http | Grpc | Kafka | Dns


# --- statements --------------------------------------------------------------------------------


class Include(Node, frozen=True):
    """`include "path"`."""

    path: Text
    span: Span


class Const(Node, frozen=True):
    """`const NAME = value`."""

    name: Name
    value: Value
    doc: str
    span: Span


class Param(Node, frozen=True):
    """`param NAME` or `param NAME = default`: set by `--param NAME=VALUE`."""

    name: Name
    default: Value | None
    doc: str
    span: Span


class EndpointsDef(Node, frozen=True):
    """`endpoints NAME = expr`."""

    name: Name
    expr: Expr
    doc: str
    span: Span


class CidrDef(Node, frozen=True):
    """`cidr NAME = [scope any] [ ... ]`."""

    name: Name
    value: CidrRef
    doc: str
    span: Span


class FqdnDef(Node, frozen=True):
    """`fqdn NAME = ["a.com", "*.b.com"]`."""

    name: Name
    patterns: tuple[Value, ...]
    doc: str
    span: Span


class PortDef(Node, frozen=True):
    """`port NAME = tcp/5432` or a comma list."""

    name: Name
    ports: tuple[Ports, ...]
    doc: str
    span: Span


class ServicePort(Node, frozen=True):
    """`port tcp/80 -> 8080` (or `-> "http"`, or a constant)."""

    port: PortPart
    target: Number | Name | Text
    span: Span


class ServiceBackends(Node, frozen=True):
    """`backends expr weight 10`."""

    expr: Expr
    weight: Number | None
    span: Span


class Service(Node, frozen=True):
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
    span: Span
    affinity_span: Span | None = None


class Default(Node, frozen=True):
    """`default deny ingress, egress for a, b` (or `default allow ...`)."""

    action: str
    directions: tuple[str, ...]
    subjects: tuple[Expr, ...]
    doc: str
    span: Span


class Rule(Node, frozen=True):
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
    span: Span
    head: Span


class Policy(Node, frozen=True):
    """`[staged] policy NAME [namespace "ns"] { default..., rules... }`."""

    staged: bool
    name: Name
    namespace: Text | None
    statements: tuple["Default | Rule | Audit", ...]
    doc: str
    span: Span


class Tier(Node, frozen=True):
    """`tier admin [NAME] priority 10 { rules }` or `baseline [NAME] priority 100 { rules }`.

    `kind` is admin or baseline.
    """

    kind: str
    name: Name | None
    priority: Number | Name
    rules: tuple[Rule, ...]
    doc: str
    span: Span


class Mode(Node, frozen=True):
    """`mode default|always|never`."""

    value: str
    span: Span


class AllowHost(Node, frozen=True):
    """`allow-host always|policy`."""

    value: str
    span: Span


class Audit(Node, frozen=True):
    """`audit a, b` or `audit namespace "ns"`: a deny there becomes allow plus log."""

    subjects: tuple[Expr, ...]
    namespace: Text | None
    span: Span


class Assert(Node, frozen=True):
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
    span: Span


class TestCase(Node, frozen=True):
    """`orders -> db tcp/5432 GET "/x" : allow by orders-db`; `verdict` is allow, deny or redirect.

    `by` is a rule's name, the word `default`, or None.
    """

    left: Expr
    right: Expr
    ports: Ports | None
    request: L7 | None
    verdict: str
    by: Name | None
    span: Span


class Connection(Node, frozen=True):
    """`web -> orders tcp/8080 GET "/x"`: a question, not a part of a file.

    A text as an end is the name of an endpoint: `"shop/web-1"`, or `shop/web-1`.
    """

    left: "Expr | Text"
    right: "Expr | Text"
    ports: Ports | None
    request: L7 | None
    span: Span


class Test(Node, frozen=True):
    """`test "name" namespace "ns" { cases }`."""

    name: Text
    namespace: Text | None
    cases: tuple[TestCase, ...]
    doc: str
    span: Span


Statement: TypeAlias = (
    "Include | Const | Param | EndpointsDef | CidrDef | FqdnDef | PortDef | Service | Policy | "
    "Tier | Default | Rule | Mode | AllowHost | Audit | Assert | Test"
)


class File(Node, frozen=True):
    """One `.cil` file. `language` is the number of `language N`, None when it is missing.

    `blank_lines` are the positions where lines without a character start, for `format`.
    """

    name: str
    language: Number | None
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
    blank_lines: tuple[int, ...] = ()
