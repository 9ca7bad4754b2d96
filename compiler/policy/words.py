"""Parties, selectors, services and requests in the words of the language, for people."""

from collections.abc import Iterable
from typing import assert_never

from cpc.compiler.policy.flow import DnsQuery, HttpRequest, KafkaRequest, Opaque, Party, Request
from cpc.compiler.policy.icmp import TYPES
from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    LabelExpr,
    LabelKey,
    NamedPort,
    Not,
    PortRange,
    Protocol,
    Selector,
    ServiceTerm,
    Term,
)

__all__ = [
    "party_words",
    "ports_words",
    "request_words",
    "selector_words",
    "service_words",
    "term_words",
]

_CARRIERS = {int(p): p.name.lower() for p in Protocol}
_ICMP = (int(Protocol.ICMP), int(Protocol.ICMPV6))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


# --- selectors ---------------------------------------------------------------------------------


def _key(key: LabelKey) -> str:
    plain = key.source == "any" and key.key.replace("_", "a").isalnum() and key.key.isascii()
    if plain and not key.key[0].isdigit():
        return key.key
    return _quoted(key.key if key.source == "any" else str(key))


def _in(key: LabelKey, values: tuple[str, ...], negated: bool) -> str:
    if len(values) == 1:
        return f"{_key(key)} {'!=' if negated else '='} {_quoted(values[0])}"
    word = "not in" if negated else "in"
    return f"{_key(key)} {word} ({', '.join(map(_quoted, values))})"


def _label_term(expr: LabelExpr) -> str | None:
    """An expression as a term between braces; None where it is none."""
    match expr:
        case Has(key):
            return _key(key)
        case In(key, values) if values:
            return _in(key, values, negated=False)
        case Not(Has(key)):
            return f"not {_key(key)}"
        case Not(In(key, values)) if values:
            return _in(key, values, negated=True)
        case _:
            return None


def _labels(expr: LabelExpr) -> str:
    term = _label_term(expr)
    if term is not None:
        return f"{{ {term} }}"
    match expr:
        case Everything():
            return "{}"
        case AllOf(operands):
            terms = [t for o in operands if (t := _label_term(o)) is not None]
            parts = [f"{{ {', '.join(terms)} }}"] if terms else []
            parts += [_operand(o) for o in operands if _label_term(o) is None]
            return " and ".join(parts)
        case AnyOf(()) | In():
            return "not {}"
        case AnyOf(operands):
            return " or ".join(map(_operand, operands))
        case Not(operand):
            return f"not {_operand(operand)}"
        case Has():
            raise AssertionError("a term")
        case _:
            assert_never(expr)


def _operand(expr: LabelExpr) -> str:
    words = _labels(expr)
    return f"({words})" if isinstance(expr, AllOf | AnyOf) else words


def term_words(term: Term) -> str:
    """One term of a selector."""
    match term:
        case EndpointTerm(expr):
            return _labels(expr)
        case EntityTerm(entity):
            return str(entity)
        case Cidr(network, excepts, scope_any):
            alone = network.prefixlen == network.max_prefixlen
            words = str(network.network_address) if alone else str(network)
            if excepts:
                holes = ", ".join(map(str, excepts))
                words += f" except [{holes}]" if len(excepts) > 1 else f" except {holes}"
            return f"scope any [{words}]" if scope_any else words
        case Fqdn(patterns):
            return f"[{', '.join(map(_quoted, patterns))}]"
        case ServiceTerm(name):
            return name
        case NamedPort(inner, name, protocol, port):
            return f"{term_words(inner)} with port {name} = {service_words(protocol, port)}"
        case _:
            assert_never(term)


def selector_words(selector: Selector) -> str:
    """A selector, its terms separated by commas; one that selects nobody is `nobody`."""
    return ", ".join(map(term_words, selector)) or "nobody"


# --- services ----------------------------------------------------------------------------------


def _icmp_words(protocol: int, port: int) -> str:
    word = _CARRIERS[protocol]
    kind, code = port >> 8, port & 0xFF
    named = {number: name for name, number in TYPES[word].items()}.get(kind, str(kind))
    return f"{word}/{named}" if code == 0 else f"{word}/{kind}/{code}"


def service_words(protocol: int, port: int) -> str:
    """One service of a flow: `tcp/80`, `icmp/echo-request`, `proto/47`."""
    if protocol in _ICMP:
        return _icmp_words(protocol, port)
    if protocol in _CARRIERS:
        return f"{_CARRIERS[protocol]}/{port}"
    return f"proto/{protocol}"


def _range_words(ports: PortRange) -> str:
    whole = (ports.low, ports.high) == (0, 65535)
    if ports.protocol not in _CARRIERS:
        return f"proto/{ports.protocol}"
    word = _CARRIERS[ports.protocol]
    if whole:
        return word
    if ports.protocol in _ICMP:
        same_type = ports.low >> 8 == ports.high >> 8
        if same_type and ports.high - ports.low == 0xFF:
            return _icmp_words(ports.protocol, ports.low)
        if ports.low == ports.high:
            return f"{word}/{ports.low >> 8}/{ports.low & 0xFF}"
        low, high = (f"{p >> 8}/{p & 0xFF}" for p in (ports.low, ports.high))
        return f"{word}/{low} - {word}/{high}"
    bounds = str(ports.low) if ports.low == ports.high else f"{ports.low}-{ports.high}"
    return f"{word}/{bounds}"


def ports_words(ports: Iterable[PortRange] | None) -> str:
    """A list of ports; None is every protocol."""
    if ports is None:
        return "every protocol"
    return ", ".join(map(_range_words, ports)) or "no port"


# --- parties and requests ----------------------------------------------------------------------


def party_words(party: Party) -> str:
    """One end of a flow: its labels or entities, its address, and what else a selector may ask for.

    As in `{ "k8s:app" = "web" } at 10.0.0.1`.
    """
    words: list[str] = []
    if party.managed and party.labels:
        terms = (
            f"{_key(LabelKey(label.source, label.key))} = {_quoted(label.value)}"
            for label in sorted(party.labels)
        )
        words.append(f"{{ {', '.join(terms)} }}")
    elif party.managed and not party.entities:
        words.append("an endpoint without labels")
    if party.entities:
        words.append("+".join(sorted(party.entities)))
    if not words:
        words.append("an unknown address")
    if party.address is not None:
        words.append(f"at {party.address}")
    for name, protocol, number in sorted(party.ports):
        words.append(f"with port {name} = {service_words(protocol, number)}")
    words += [f"behind {service}" for service in sorted(party.services)]
    if party.names:
        words.append(f"resolved from {', '.join(sorted(party.names))}")
    return " ".join(words)


def request_words(request: Request) -> str:
    """One request, as a test case writes it."""
    match request:
        case Opaque():
            return "bytes that are no request"
        case HttpRequest(method, path, host, headers):
            words = f"{method} {_quoted(path)}"
            words += f" host {_quoted(host)}" if host else ""
            return words + "".join(f" header {_quoted(n)} = {_quoted(v)}" for n, v in headers)
        case KafkaRequest(elements):
            parts = []
            for element in elements:
                part = f"api {element.api_key} version {element.version}"
                part += f" topic {_quoted(element.topic)}" if element.topic is not None else ""
                part += f" client {_quoted(element.client)}" if element.client else ""
                parts.append(part)
            return f"kafka {{ {', '.join(parts)} }}"
        case DnsQuery(name):
            return f"dns {{ {_quoted(name)} }}"
        case _:
            assert_never(request)
