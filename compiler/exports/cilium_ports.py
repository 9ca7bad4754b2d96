"""Ports of Cilium's rules: `toPorts`, and `icmps` apart from them.

Source: Cilium's pkg/policy/api (l4.go, icmp.go, rule_validation.go). Port 0 of a protocol is all of it.
"""

from collections.abc import Sequence

from cpc.compiler.exports.limits import pieces
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.policy.model import PortRange, Protocol, Rule
from cpc.compiler.policy.resolve_ports import CARRIERS

__all__ = ["port_parts"]

_MOST = 40
"""Ports of one list, and ICMP types of one."""

_CARRIERS = CARRIERS["any"]
_FAMILIES = {int(Protocol.ICMP): "IPv4", int(Protocol.ICMPV6): "IPv6"}


def port_parts(rule: Rule, requests: Document | None, refusals: Refusals) -> list[Document]:
    """What rules say of ports, each in a rule of its own, with the request rules (CPC854)."""
    if rule.ports is None:
        return [{}]
    ranges = [r for r in rule.ports if r.protocol in _CARRIERS]
    ports = _ports(ranges, rule, refusals)
    for name, protocols in rule.named:
        ports += [{"port": name, "protocol": p} for p in _protocols(protocols)]
    types = [f for r in rule.ports if r not in ranges for f in _types(r, rule, refusals)]
    found: list[Document] = []
    if ports:
        more = {} if requests is None else {"rules": requests}
        found.append({"toPorts": [{"ports": some} | more for some in pieces(ports, _MOST)]})
    if types:
        found.append({"icmps": [{"fields": some} for some in pieces(types, _MOST)]})
    return found


def _protocols(protocols: Sequence[int]) -> list[str]:
    """Words for protocols; all three are `ANY`."""
    if set(protocols) == set(_CARRIERS):
        return ["ANY"]
    return [Protocol(p).name for p in protocols]


def _ports(ranges: Sequence[PortRange], rule: Rule, refusals: Refusals) -> list[Document]:
    of_bounds: dict[tuple[int, int], list[int]] = {}
    for r in ranges:
        of_bounds.setdefault((r.low, r.high), []).append(r.protocol)
    found: list[Document] = []
    for (low, high), protocols in of_bounds.items():
        if low == 0 and high < 65535:
            _refuse(refusals, rule, "has no port 0", "let the range start at 1")
        if rule.l7 is not None and rule.l7.protocol == "dns" and high > low:
            _refuse(refusals, rule, "has no DNS names on ranges of ports", "list the ports")
        for word in _protocols(protocols):
            port: Document = {"port": str(low)}
            if low and high > low:
                port["endPort"] = high
            found.append(port | {"protocol": word})
    return found


def _types(ports: PortRange, rule: Rule, refusals: Refusals) -> list[Document]:
    """The ICMP types of a range, which must be whole types: codes cannot be said."""
    family = _FAMILIES.get(ports.protocol)
    if family is None:
        what = f"has no protocol {ports.protocol}: only tcp, udp, sctp and ICMP"
        _refuse(refusals, rule, what, "leave the ports out to mean every protocol")
        return []
    if ports.low & 255 or ports.high & 255 != 255:
        _refuse(refusals, rule, "has ICMP types without codes", "leave the codes out")
        return []
    return [
        {"family": family, "type": number}
        for number in range(ports.low >> 8, (ports.high >> 8) + 1)
    ]


def _refuse(refusals: Refusals, rule: Rule, what: str, help: str) -> None:
    refusals.refuse("CPC854", f"{refusals.what} {what}", rule.origin, help)
