"""Peers of cluster-wide policies: pods, and at egress networks, nodes and DNS names."""

import re

from msgspec import Struct, field

from cpc.compiler.exports.kinds import Kind
from cpc.compiler.exports.pods import EVERY_POD, Pods, pods_of
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.policy.model import (
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Fqdn,
    Network,
    Rule,
    Tier,
)

__all__ = ["Peers", "peers_of"]

_NODES = frozenset({Entity.HOST, Entity.REMOTE_NODE})
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_NAME = re.compile(r"([a-z0-9]([-a-z0-9_]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9_]*[a-z0-9])?")


class Peers(Struct):
    """A rule's peers by what they are; `nodes`: all of them."""

    pods: list[Pods] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    nodes: bool = False

    @property
    def outside(self) -> bool:
        """Whether some of them are no pods, so have no container ports."""
        return bool(self.networks or self.names or self.nodes)


def peers_of(rule: Rule, refusals: Refusals) -> Peers:
    """The peers of a rule; fewer after a refusal (CPC851, CPC853, CPC858)."""
    found = Peers()
    egress = rule.direction is Direction.EGRESS
    entities = {t.entity for t in rule.peers if isinstance(t, EntityTerm)}
    found.nodes = egress and entities >= _NODES
    for term in rule.peers:
        match term:
            case EndpointTerm():
                found.pods += pods_of(term, rule.origin, refusals, "CPC851")
            case Cidr(network, excepts, True) if egress:
                found.networks += map(str, _without(network, excepts))
            case EntityTerm(Entity.ALL) if egress:
                found.networks += _EVERYWHERE
            case EntityTerm(entity) if found.nodes and entity in _NODES:
                pass
            case EntityTerm(entity):
                _refuse_entity(entity, rule, refusals)
            case Fqdn(patterns):
                found.names += _names(patterns, rule, refusals)
            case Cidr():
                what = _INSIDE if egress else "no addresses as peers of ingress"
                help = (
                    "a policy can name them, exported as `networkpolicy` or `cilium`"
                    if not egress
                    else "write `scope any` if that is meant"
                )
                _refuse(rule, refusals, what, help)
            case _:
                _refuse(
                    rule, refusals, "no services as peers", "name the endpoints by their labels"
                )
    found.pods = list(dict.fromkeys(found.pods))
    found.networks = list(dict.fromkeys(found.networks))
    return found


_INSIDE = "networks that match inside the cluster too, and this is about the outside alone"


def _refuse(rule: Rule, refusals: Refusals, what: str, help: str) -> None:
    refusals.refuse("CPC851", f"{refusals.what} has {what}", rule.origin, help)


def _refuse_entity(entity: Entity, rule: Rule, refusals: Refusals) -> None:
    help = "a policy can name it, exported as `cilium`"
    if entity in (Entity.ALL, Entity.CLUSTER):
        help = EVERY_POD
    elif entity in _NODES and rule.direction is Direction.EGRESS:
        help = "name `host` and `remote-node` together: nodes are selected all or none"
    _refuse(rule, refusals, f"no peer `{entity}`", help)


def _without(network: Network, holes: tuple[Network, ...]) -> list[Network]:
    """The network as networks without the holes: there is no `except`."""
    found: list[Network] = [network]
    for hole in holes:
        found = [part for n in found for part in _less(n, hole)]
    return found


def _less(network: Network, hole: Network) -> list[Network]:
    if network.version != hole.version or not network.overlaps(hole):
        return [network]
    if hole.prefixlen <= network.prefixlen:
        return []
    return [part for half in network.subnets() for part in _less(half, hole)]


def _names(patterns: tuple[str, ...], rule: Rule, refusals: Refusals) -> list[str]:
    """DNS names; a `*` of theirs is other than ours, and they are only accepted."""
    if rule.direction is Direction.INGRESS or rule.action is not Action.ALLOW:
        _refuse(rule, refusals, "DNS names only in allow rules of egress", "name the addresses")
        return []
    if refusals.kind is Kind.ADMIN and rule.tier is Tier.BASELINE:
        _refuse(rule, refusals, "no DNS names in its baseline", "export as `cluster`")
        return []
    for pattern in patterns:
        if not _NAME.fullmatch(pattern):
            what = f"no patterns of DNS names such as `{pattern}`"
            _refuse(rule, refusals, what, "list the names")
    return [p for p in patterns if _NAME.fullmatch(p)]
