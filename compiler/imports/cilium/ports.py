"""Ports and ICMP types of Cilium's rules, each with the requests that it carries.

Source: the API reference of Cilium's PortRule, PortProtocol and ICMPField.
"""

from msgspec import Struct

from cpc.compiler.diagnostics import suggest
from cpc.compiler.documents.nodes import Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.cilium.requests import requests
from cpc.compiler.imports.cilium.rule import CiliumRule
from cpc.compiler.imports.context import port_range_help
from cpc.compiler.policy.resolve_ports import PORT_NAME_HELP, is_port_name
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["PortRule", "port_rules"]

_PROTOCOLS = ("TCP", "UDP", "SCTP", "ANY", "ICMP", "ICMPv6", "VRRP", "IGMP")
_NUMBERS = {"VRRP": 112, "IGMP": 2}
_REFUSED = {
    "terminatingTLS": "cpc ends no TLS connection",
    "originatingTLS": "cpc begins no TLS connection",
    "serverNames": "cpc does not look at the server names of TLS",
    "listener": "cpc has no listeners of Envoy",
}
"""What a port rule of Cilium may ask for and nothing here does."""

_ICMP = {
    "EchoReply": 0,
    "DestinationUnreachable": 3,
    "Redirect": 5,
    "Echo": 8,
    "EchoRequest": 8,
    "RouterAdvertisement": 9,
    "RouterSelection": 10,
    "TimeExceeded": 11,
    "ParameterProblem": 12,
    "Timestamp": 13,
    "TimestampReply": 14,
    "Photuris": 40,
    "ExtendedEchoRequest": 42,
    "ExtendedEchoReply": 43,
}
_ICMPV6 = {
    "DestinationUnreachable": 1,
    "PacketTooBig": 2,
    "TimeExceeded": 3,
    "ParameterProblem": 4,
    "EchoRequest": 128,
    "EchoReply": 129,
    "MulticastListenerQuery": 130,
    "MulticastListenerReport": 131,
    "MulticastListenerDone": 132,
    "RouterSolicitation": 133,
    "RouterAdvertisement": 134,
    "NeighborSolicitation": 135,
    "NeighborAdvertisement": 136,
    "RedirectMessage": 137,
    "RouterRenumbering": 138,
    "ICMPNodeInformationQuery": 139,
    "ICMPNodeInformationResponse": 140,
    "InverseNeighborDiscoverySolicitation": 141,
    "InverseNeighborDiscoveryAdvertisement": 142,
    "HomeAgentAddressDiscoveryRequest": 144,
    "HomeAgentAddressDiscoveryReply": 145,
    "MobilePrefixSolicitation": 146,
    "MobilePrefixAdvertisement": 147,
    "DuplicateAddressRequestCodeSuffix": 157,
    "DuplicateAddressConfirmationCodeSuffix": 158,
    "ExtendedEchoRequest": 160,
    "ExtendedEchoReply": 161,
}
_FAMILIES = {"IPv4": ("icmp", _ICMP), "IPv6": ("icmpv6", _ICMPV6)}
"""ICMP's word in the language and the names of its types (Cilium's, of IANA's registries), by family."""


class PortRule(Struct, frozen=True):
    """Ports, what requests they carry (None: they are not looked at), and the place."""

    ports: tuple[tree.PortPart, ...]
    l7: tree.L7 | None
    span: Span


def port_rules(
    rule: CiliumRule, parts: Fields, direction: str, deny: bool
) -> tuple[PortRule, ...] | None:
    """The ports of a rule: None where it does not say, none where it matches no port.

    Ports without requests come as one.
    """
    help = "make a rule of each: a rule with both has no meaning"
    if not rule.apart(("toPorts", "icmps"), parts, "one rule", help):
        return ()
    name = "icmps" if "icmps" in parts else "toPorts"
    items = rule.items(parts, name)
    if items is None:
        return None
    span = parts[name][0].span
    if not items and deny:
        help = "leave it out to deny every port, or name ports"
        rule.wrong(f"`{name}` of a deny rule is empty", span, help)
    if name == "icmps":
        types = tuple(t for item in items for t in _icmps(rule, item))
        return (PortRule(types, None, span),) if types else ()
    found = [p for item in items for p in _port_rule(rule, item, direction, deny)]
    plain = tuple(port for p in found if p.l7 is None for port in p.ports)
    carriers = tuple(p for p in found if p.l7 is not None)
    return (PortRule(plain, None, span), *carriers) if plain else carriers


def _port_rule(rule: CiliumRule, node: Node, direction: str, deny: bool) -> tuple[PortRule, ...]:
    known = ("ports", "rules", *_REFUSED)
    parts = rule.fields(node, "an item of `toPorts`", known)
    for name, why in _REFUSED.items():
        if name in parts:
            help = "remove it; a policy without it is another one"
            rule.cannot(f"`{name}` cannot be imported: {why}", parts[name][0].span, help)
    if deny and "rules" in parts:
        help = "allow the requests that may pass: every other request is then denied"
        rule.wrong("a deny rule takes no requests", parts["rules"][0].span, help)
        return ()
    found = requests(rule, parts["rules"][1], direction) if "rules" in parts else None
    items = rule.items(parts, "ports")
    if items is None:
        rule.missing("ports", "an item of `toPorts`", node.span)
    l7 = found[0] if found else None
    ports = [p for item in items or () for p in _port(rule, item, l7)]
    if not ports or found == ():
        return ()
    return (PortRule(tuple(ports), l7, node.span),)


# --- ports -------------------------------------------------------------------------------------


def _port(rule: CiliumRule, node: Node, l7: tree.L7 | None) -> tuple[tree.PortPart, ...]:
    parts = rule.fields(node, "a port", ("port", "endPort", "protocol"))
    if "port" not in parts:
        rule.lacking("a port has no `port`", node, 'add it, as in `port: "80"`; `"0"` is every one')
        return ()
    protocol, span = _protocol(rule, parts), node.span
    if protocol is None:
        return ()
    items = _numbers(rule, parts)
    if items is None:
        return ()
    if protocol in _NUMBERS:
        if items:
            rule.wrong(f"`{protocol}` has no ports", parts["port"][1].span, 'write `port: "0"`')
            return ()
        number = tree.Number(_NUMBERS[protocol], span)
        return (tree.PortPart("proto", ((number, number),), None, span),)
    carriers = _carriers(rule, protocol, l7, bool(items), span)
    return tuple(tree.PortPart(carrier, items, None, span) for carrier in carriers)


def _protocol(rule: CiliumRule, parts: Fields) -> str | None:
    """One of `_PROTOCOLS` that has ports; None after an error."""
    word = rule.text(parts, "protocol")
    if word is None:
        return None if "protocol" in parts and not _is_empty(parts["protocol"][1]) else "ANY"
    word = rule.spelled(word, _PROTOCOLS)
    if word.text in ("ICMP", "ICMPv6"):
        rule.wrong(f"`{word.text}` has no ports", word.span, "say its types with `icmps`")
        return None
    if word.text not in _PROTOCOLS:
        rule.context.choice(word, "a protocol", _PROTOCOLS[:4])
        return None
    return word.text


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.is_string and not node.text


def _carriers(
    rule: CiliumRule, protocol: str, l7: tree.L7 | None, some_ports: bool, span: Span
) -> tuple[str, ...]:
    """The words of the protocols that carry requests: tcp, and udp for DNS; `ANY` is these for DNS."""
    if l7 is None:
        return (protocol.lower(),)
    if not some_ports:
        rule.wrong("requests need a port", span, "name the ports that carry them")
        return ()
    if isinstance(l7, tree.Dns):
        if protocol == "ANY":
            return ("tcp", "udp")
        if protocol in ("TCP", "UDP"):
            return (protocol.lower(),)
        rule.wrong(f"`{protocol}` carries no DNS", span, "write `protocol: ANY`")
        return ()
    if protocol == "TCP":
        return ("tcp",)
    word = "HTTP" if isinstance(l7, tree.Http) else "Kafka"
    rule.wrong(f"`{protocol}` carries no {word}", span, "write `protocol: TCP`")
    return ()


_Items = tuple[tuple[tree.Value, tree.Value] | tree.Text | tree.Name, ...]


def _numbers(rule: CiliumRule, parts: Fields) -> _Items | None:
    """A port, a range or a name; nothing for `0`, every port; None after an error."""
    value = rule.context.string(parts["port"][1], "`port`")
    if value is None:
        return None
    text = value.text
    end = parts["endPort"][1] if "endPort" in parts else None
    high = 0 if end is None else rule.context.number(end, "`endPort`", 0, 65535)
    if high is None:
        return None
    if not text.isdecimal():
        return _named(rule, value, high)
    plain = text.isascii() and len(text) <= 5 and (text == "0" or not text.startswith("0"))
    if not plain or int(text) > 65535:
        rule.wrong(f"`{text}` is no port", value.span, "write a number from 1 to 65535, or a name")
        return None
    low = int(text)
    if high and (low == 0 or high < low):
        assert end is not None
        message = f"`endPort` is less than `port`: {high} < {low}"
        if low == 0:
            message = "`endPort` has no effect on port 0, which is every port"
        rule.wrong(message, end.span, "give the first port as `port`, the last as `endPort`")
        return None
    first = tree.Number(low, value.span)
    last = tree.Number(high or low, value.span if end is None else end.span)
    return ((first, last),) if low else ()


def _named(rule: CiliumRule, value: Scalar, high: int) -> _Items | None:
    name = value.text.lower()
    if high:
        rule.wrong(
            "`endPort` needs a number as `port`", value.span, "write the first port's number"
        )
        return None
    if is_port_name(name):
        return (tree.Text(name, value.span),)
    help = port_range_help(value.text, '"') or PORT_NAME_HELP
    rule.wrong(f"`{value.text}` is no port name", value.span, help)
    return None


# --- ICMP --------------------------------------------------------------------------------------


def _icmps(rule: CiliumRule, node: Node) -> tuple[tree.PortPart, ...]:
    parts = rule.fields(node, "an item of `icmps`", ("fields",))
    items = rule.items(parts, "fields")
    if items is None:
        rule.missing("fields", "an item of `icmps`", node.span)
    found = [_icmp(rule, item) for item in items or ()]
    return tuple(f for f in found if f is not None)


def _icmp(rule: CiliumRule, node: Node) -> tree.PortPart | None:
    parts = rule.fields(node, "an ICMP field", ("type", "family"))
    family = rule.text(parts, "family")
    word = "IPv4" if family is None else rule.spelled(family, tuple(_FAMILIES)).text
    if family is not None and word not in _FAMILIES:
        rule.context.choice(family, "a family", tuple(_FAMILIES))
        return None
    if "type" not in parts:
        rule.lacking("an ICMP field has no `type`", node, "add it, as in `type: EchoRequest`")
        return None
    protocol, names = _FAMILIES[word]
    value = parts["type"][1]
    number: int | None
    if isinstance(value, Scalar) and value.is_string:
        number = int(value.text) if value.text.isdecimal() and len(value.text) < 4 else None
        number = names.get(value.text, number)
        if number is None or number > 255:
            near = suggest(value.text, tuple(names))
            help = f"did you mean `{near}`?" if near else "write the type's number"
            rule.wrong(f"`{value.text}` is no ICMP type of {word}", value.span, help)
            return None
    else:
        number = rule.context.number(value, "`type`", 0, 255)
    if number is None:
        return None
    item = tree.Number(number, value.span)
    return tree.PortPart(protocol, ((item, item),), None, node.span)
