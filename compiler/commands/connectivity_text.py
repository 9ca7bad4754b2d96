"""Connectivity as text: one line a pair, in the form of np-guard's netpol-analyzer; CSV and JSON."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

from cpc.compiler.policy.model import PortRange, Protocol
from cpc.compiler.verify.connectivity import (
    Allowed,
    Connection,
    Connectivity,
    ExternalRange,
    KnownParty,
    Peer,
    Workload,
)
from cpc.compiler.verify.service_sets import EVERY_SERVICE, ServiceSet, merged, services_of

__all__ = [
    "allowed_json",
    "allowed_words",
    "connectivity_csv",
    "connectivity_json",
    "connectivity_txt",
    "peer_json",
    "services_words",
]

_NAMES: dict[int, str] = {
    Protocol.TCP: "TCP",
    Protocol.UDP: "UDP",
    Protocol.SCTP: "SCTP",
    Protocol.ICMP: "ICMP",
    Protocol.ICMPV6: "ICMPv6",
}
"""Protocols that are listed by name; the others are numbers of `IP`."""

_ICMP_OF = {4: Protocol.ICMP, 6: Protocol.ICMPV6}
_ICMP = services_of(PortRange(Protocol.ICMP)) | services_of(PortRange(Protocol.ICMPV6))

_Row = tuple[str, str, str, str]
"""Source, destination, connections, and those of them that only some requests may take."""


def connectivity_txt(answer: Connectivity) -> str:
    """Lines `source => destination : connections`, sorted."""
    rows = _rows(answer.connections)
    return "".join(sorted(f"{a} => {b} : {_words(*said)}\n" for a, b, *said in rows))


def connectivity_csv(answer: Connectivity) -> str:
    """The same rows under a header (RFC 4180, with plain ends of lines)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("source", "destination", "connections", "requests"))
    writer.writerows(sorted(_rows(answer.connections)))
    return out.getvalue()


# --- rows --------------------------------------------------------------------------------------


def _rows(connections: Iterable[Connection]) -> Iterator[_Row]:
    for connection in connections:
        for said in _by_family(connection.allowed):
            yield (str(connection.source), str(connection.destination), *said)


def _by_family(allowed: Sequence[Allowed]) -> Iterator[tuple[str, str]]:
    """What may pass, and what only some requests may: once, or for each family where they differ in more than ICMP."""
    if _alike(allowed):
        yield _texts(allowed)
        return
    for one in allowed:
        if one.services:
            services, requests = _texts([one])
            yield f"{services} (IPv{one.family})", requests


def _alike(allowed: Sequence[Allowed]) -> bool:
    kinds = {(one.services - _ICMP, one.requests - _ICMP) for one in allowed}
    return len(kinds) == 1


def _texts(allowed: Sequence[Allowed]) -> tuple[str, str]:
    return (
        services_words([(one.family, one.services) for one in allowed]),
        services_words([(one.family, one.requests) for one in allowed]),
    )


def allowed_words(allowed: Sequence[Allowed]) -> str:
    """What may pass between one pair, as in txt; `No Connections` where nothing may."""
    if not any(one.services for one in allowed):
        return "No Connections"
    return " and ".join(_words(*said) for said in _by_family(allowed))


def _words(services: str, requests: str) -> str:
    return services + (f" (some requests: {requests})" if requests else "")


def services_words(by_family: Sequence[tuple[int, ServiceSet]]) -> str:
    """Services of families that differ in ICMP only: `TCP 80,8080-8090,UDP 53`, sorted by protocol.

    `ICMP 8` is a type, `ICMP 3/4` a type and code, `IP 47` a protocol. Port 0 is not told apart from its
    neighbours, and what nobody sends is left out: ICMP in IPv6, ICMPv6 in IPv4.
    """
    if all(services == EVERY_SERVICE for _, services in by_family):
        return "All Connections"
    texts: dict[str, str] = {}
    for family, services in by_family:
        texts |= _protocols(family, services)
    return ",".join(f"{name} {texts[name]}" for name in sorted(texts))


def _protocols(family: int, services: ServiceSet) -> dict[str, str]:
    named: dict[str, list[str]] = {}
    numbers: list[tuple[int, int]] = []
    for ports in services.ranges():
        name = _NAMES.get(ports.protocol)
        if name is None:
            numbers.append((ports.protocol, ports.protocol))
        elif ports.protocol == _ICMP_OF[family]:
            named.setdefault(name, []).extend(_types(ports.low, ports.high))
        elif ports.protocol not in _ICMP_OF.values():
            low = 1 if ports.low == 0 < ports.high else ports.low
            named.setdefault(name, []).append(_range(low, ports.high))
    if numbers:
        named["IP"] = [_range(first, last) for first, last in merged(numbers)]
    return {name: ",".join(parts) for name, parts in named.items()}


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _types(low: int, high: int) -> Iterator[str]:
    """ICMP types, and codes of types that are not there with all their codes."""
    first, last = low >> 8, high >> 8
    if first == last and high - low < 255:
        yield f"{first}/{_range(low & 255, high & 255)}"
        return
    if low & 255:
        yield f"{first}/{_range(low & 255, 255)}"
        first += 1
    whole = last if high & 255 == 255 else last - 1
    if first <= whole:
        yield _range(first, whole)
    if whole < last:
        yield f"{last}/{_range(0, high & 255)}"


# --- JSON --------------------------------------------------------------------------------------


def connectivity_json(answer: Connectivity) -> str:
    """Exactly the connections, families apart, as a document of the schema `cpc.connectivity/1`."""
    document = {
        "schema": "cpc.connectivity/1",
        "ipv6": answer.ipv6,
        "connections": [
            {
                "source": peer_json(connection.source),
                "destination": peer_json(connection.destination),
                "allowed": allowed_json(connection.allowed),
            }
            for connection in answer.connections
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def allowed_json(allowed: Sequence[Allowed]) -> list[dict[str, Any]]:
    """What may pass, family by family."""
    return [
        {
            "family": one.family,
            "services": _rectangles(one.services),
            "requests": _rectangles(one.requests),
        }
        for one in allowed
        if one.services
    ]


def peer_json(peer: Peer) -> dict[str, str]:
    """One end of a connection."""
    match peer:
        case Workload(name):
            return {"kind": "workload", "name": name}
        case ExternalRange(first, last):
            return {"kind": "external", "first": str(first), "last": str(last)}
        case KnownParty(name):
            return {"kind": "known", "name": name}
        case _:
            assert_never(peer)


def _rectangles(services: ServiceSet) -> list[dict[str, Any]]:
    """Runs of protocols that have the same one run of ports."""
    found: list[tuple[list[int], list[int]]] = []
    for ports in services.ranges():
        span = [ports.low, ports.high]
        if found and found[-1][0][1] == ports.protocol - 1 and found[-1][1] == span == [0, 65535]:
            found[-1][0][1] = ports.protocol
        else:
            found.append(([ports.protocol, ports.protocol], span))
    return [{"protocols": protocols, "ports": span} for protocols, span in found]
