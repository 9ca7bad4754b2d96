"""A flow in words, from who begins it to who is reached."""

from typing import assert_never

from cpc.compiler.policy.flow import (
    DnsQuery,
    Flow,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Label,
    Opaque,
    Party,
    Request,
)
from cpc.compiler.policy.icmp import TYPES
from cpc.compiler.policy.model import Direction, Protocol

__all__ = ["flow_text"]

_ANONYMOUS = {"", "subject", "peer", "client", "server", "witness", "other"}
"""Names that the verifier gives to parties that nobody named."""

_NUMBERED = {Protocol.TCP: "tcp", Protocol.UDP: "udp", Protocol.SCTP: "sctp"}


def flow_text(flow: Flow, request: Request | None = None) -> str:
    """`{app=web} -> db{app=postgres} tcp/5432`; labels without a source are Kubernetes'."""
    parties = (flow.subject, flow.peer)
    client, server = parties if flow.direction is Direction.EGRESS else reversed(parties)
    said = f"{_party(client)} -> {_party(server)} {_service(flow)}"
    return said if request is None else f"{said} {_request(request)}"


def _party(party: Party) -> str:
    name = "" if party.name in _ANONYMOUS else party.name
    if party.managed:
        labels = "{" + ", ".join(map(_label, sorted(party.labels))) + "}" if party.labels else ""
        entity = "+".join(sorted(party.entities))
        said = [f"{name}{labels}" or entity or "an endpoint"]
        said += [
            f"({port} = {Protocol(protocol).name.lower()}/{number})"
            for port, protocol, number in sorted(party.ports)
        ]
        said += [f"(a backend of {service})" for service in sorted(party.services)]
        return " ".join(said)
    words = ["+".join(sorted(party.entities)) or "an unknown address"]
    words += sorted(party.names)
    if party.address is not None:
        words.append(str(party.address))
    return " ".join(words)


def _label(label: Label) -> str:
    source = "" if label.source == "k8s" else f"{label.source}:"
    return f"{source}{label.key}={label.value}"


def _service(flow: Flow) -> str:
    match flow.protocol:
        case Protocol.TCP | Protocol.UDP | Protocol.SCTP as protocol:
            return f"{_NUMBERED[Protocol(protocol)]}/{flow.port}"
        case Protocol.ICMP if flow.family == 4:
            return _icmp("icmp", flow.port)
        case Protocol.ICMPV6 if flow.family == 6:
            return _icmp("icmpv6", flow.port)
        case _:
            return f"proto/{flow.protocol}"


def _icmp(word: str, port: int) -> str:
    kind, code = port >> 8, port & 0xFF
    name = next((name for name, number in TYPES[word].items() if number == kind), str(kind))
    return f"{word}/{name}" if not code else f"{word}/{kind}/{code}"


def _request(request: Request) -> str:
    match request:
        case HttpRequest(method, path, host, headers):
            said = [method, f'"{path}"']
            said += [f'host "{host}"'] if host else []
            said += [f'header "{name}" = "{value}"' for name, value in headers]
            return " ".join(said)
        case KafkaRequest(elements):
            return ", ".join(map(_element, elements))
        case DnsQuery(name):
            return f'dns "{name}"'
        case Opaque():
            return "with bytes that are no request"
        case _:
            assert_never(request)


def _element(element: KafkaElement) -> str:
    said = f"kafka api {element.api_key} version {element.version}"
    said += f' client "{element.client}"' if element.client else ""
    return said if element.topic is None else f'{said} topic "{element.topic}"'
