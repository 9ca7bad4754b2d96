"""Ports of cluster-wide policies: numbers and ranges of tcp, udp and sctp, and names without protocol."""

from cpc.compiler.exports.kinds import Kind
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document
from cpc.compiler.policy.model import PortRange, Protocol, Rule
from cpc.compiler.policy.resolve_ports import CARRIERS

__all__ = ["ports_of"]

_CARRIERS = CARRIERS["any"]


def ports_of(rule: Rule, refusals: Refusals, *, outside: bool) -> list[Document] | None:
    """A rule's ports, None: all; fewer after a refusal (CPC854).

    `outside`: some peers are no pods, whose ports have no names.
    """
    if rule.ports is None:
        return None
    found = [p for r in rule.ports if (p := _port(r, rule, refusals)) is not None]
    for name, protocols in rule.named:
        if set(protocols) != set(_CARRIERS):
            what = "names of container ports without protocol"
            _refuse(rule, refusals, what, f'write `any/"{name}"`, or the number')
        elif outside:
            what = "no names of ports where peers are no pods"
            _refuse(rule, refusals, what, "write the number, or a rule for the pods alone")
        else:
            named = "destinationNamedPort" if refusals.kind is Kind.CLUSTER else "namedPort"
            found.append({named: name})
    return found


def _port(ports: PortRange, rule: Rule, refusals: Refusals) -> Document | None:
    if ports.protocol not in _CARRIERS:
        help = "leave the ports out to mean every protocol"
        _refuse(rule, refusals, "ports of tcp, udp and sctp only", help)
        return None
    name = Protocol(ports.protocol).name
    if ports.low == 0:
        _refuse(rule, refusals, "ports from 1", f"write `{name.lower()}/1-{ports.high}`")
        return None
    single = ports.low == ports.high
    if refusals.kind is Kind.CLUSTER:
        bounds: Document = (
            {"number": ports.low} if single else {"range": {"start": ports.low, "end": ports.high}}
        )
        return {name.lower(): {"destinationPort": bounds}}
    if single:
        return {"portNumber": {"protocol": name, "port": ports.low}}
    return {"portRange": {"protocol": name, "start": ports.low, "end": ports.high}}


def _refuse(rule: Rule, refusals: Refusals, what: str, help: str) -> None:
    refusals.refuse("CPC854", f"{refusals.what} has {what}", rule.origin, help)
