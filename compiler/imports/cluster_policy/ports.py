"""Ports of cluster policies: `ports` of v1alpha1, and `protocols` of v1alpha2."""

from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cluster_policy.fields import Closed, fields, one_of, required
from cpc.compiler.imports.context import Context
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["admin_port", "cluster_protocol"]

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_CARRIERS = ("tcp", "udp", "sctp")
_Range = tuple[tree.Number, tree.Number]


def admin_port(context: Context, node: Node) -> tree.PortPart | Closed | None:
    """An item of `ports` (AdminNetworkPolicyPort); None after an error."""
    found = one_of(context, node, "a port", ("portNumber", "namedPort", "portRange"))
    if found is None or isinstance(found, Closed):
        return found
    word, value = found
    if word.text == "namedPort":
        return _named(context, value)
    known = ("protocol", "port") if word.text == "portNumber" else ("protocol", "start", "end")
    parts = fields(context, value, f"`{word.text}`", known)
    protocol = _protocol(context, parts)
    item = (
        _number(context, parts, "port", "`portNumber`", value.span)
        if word.text == "portNumber"
        else _range(context, parts, "`portRange`", value.span, strict=False)
    )
    if protocol is None or item is None:
        return None
    return tree.PortPart(protocol, (item,), None, node.span)


def cluster_protocol(context: Context, node: Node) -> tree.PortPart | Closed | None:
    """An item of `protocols` (ClusterNetworkPolicyProtocol); None after an error."""
    found = one_of(context, node, "a protocol", (*_CARRIERS, "destinationNamedPort"))
    if found is None or isinstance(found, Closed):
        return found
    word, value = found
    if word.text == "destinationNamedPort":
        return _named(context, value)
    protocol = word.text
    port = one_of(context, value, f"`{protocol}`", ("destinationPort",))
    if port is None or isinstance(port, Closed):
        return port
    bounds = one_of(context, port[1], "`destinationPort`", ("number", "range"))
    if bounds is None or isinstance(bounds, Closed):
        return bounds
    word, value = bounds
    item: _Range | None
    if word.text == "number":
        number = context.number(value, "`number`", 1, 65535)
        item = None if number is None else (tree.Number(number, value.span),) * 2
    else:
        parts = fields(context, value, "`range`", ("start", "end"))
        item = _range(context, parts, "`range`", value.span, strict=True)
    return None if item is None else tree.PortPart(protocol, (item,), None, node.span)


def _named(context: Context, node: Node) -> tree.PortPart | None:
    """A container port by name, of whatever protocol: the API gives it none."""
    word = context.string(node, "a port's name")
    if word is None:
        return None
    if not context.is_port_name(word):
        return None
    return tree.PortPart("any", (tree.Text(word.text, word.span),), None, node.span)


def _protocol(context: Context, parts: Fields) -> str | None:
    """The protocol, TCP where none is said; None after an error."""
    if "protocol" not in parts:
        return "tcp"
    word = context.string(parts["protocol"][1], "`protocol`")
    if word is not None and word.text not in _PROTOCOLS:
        context.choice(word, "a protocol", _PROTOCOLS)
        return None
    return None if word is None else word.text.lower()


def _number(context: Context, parts: Fields, name: str, what: str, place: Span) -> _Range | None:
    number = _bound(context, parts, name, what, place)
    return None if number is None else (number, number)


def _range(
    context: Context, parts: Fields, what: str, place: Span, *, strict: bool
) -> _Range | None:
    """Both ends of a range; `strict`: the API refuses a range of one port."""
    start = _bound(context, parts, "start", what, place)
    end = _bound(context, parts, "end", what, place)
    if start is None or end is None:
        return None
    if start.value > end.value:
        context.refuse(
            "CPC804",
            f"`end` is less than `start`: {end.value} < {start.value}",
            end.span,
            "exchange them",
        )
        return None
    if strict and start.value == end.value:
        context.refuse(
            "CPC804",
            f"`start` and `end` are both {start.value}",
            end.span,
            f"a range has more than one port: write `number: {start.value}`",
        )
        return None
    return start, end


def _bound(
    context: Context, parts: Fields, name: str, what: str, place: Span
) -> tree.Number | None:
    entry: tuple[Scalar, Node] | None = required(context, parts, name, what, place)
    if entry is None:
        return None
    number = context.number(entry[1], f"`{name}`", 1, 65535)
    return None if number is None else tree.Number(number, entry[1].span)
