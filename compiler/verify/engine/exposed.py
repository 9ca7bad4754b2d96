"""Rules that let the whole world reach what is for few."""

from collections.abc import Sequence

from cpc.compiler.policy.model import (
    Action,
    Cidr,
    Direction,
    Entity,
    EntityTerm,
    Protocol,
    Rule,
    Term,
    Tier,
)
from cpc.compiler.verify.engine.space import EXTERNAL, PEER, SERVICE, Box, Space
from cpc.compiler.verify.findings import Statement

__all__ = ["SENSITIVE", "exposed_part", "sensitive_port", "sensitive_ports"]

SENSITIVE = {
    22: "ssh",
    23: "telnet",
    135: "Windows RPC",
    445: "SMB",
    1433: "SQL Server",
    1521: "Oracle",
    2375: "Docker",
    2379: "etcd",
    3306: "MySQL",
    3389: "RDP",
    5432: "PostgreSQL",
    5900: "VNC",
    5984: "CouchDB",
    6379: "Redis",
    9042: "Cassandra",
    9200: "Elasticsearch",
    10250: "kubelet",
    11211: "memcached",
    27017: "MongoDB",
}
"""TCP ports on which administrators and databases listen, which are for known clients."""

_WORLD = tuple(map(EntityTerm, (Entity.ALL, Entity.WORLD, Entity.WORLD_IPV4, Entity.WORLD_IPV6)))


def exposed_part(rule: Statement, space: Space) -> Box | None:
    """Flows from the outside to sensitive ports, if the rule is one that opens them to the whole world.

    None: it does not say so. That it also comes to it is for a search to find out.
    """
    if not isinstance(rule, Rule) or rule.direction is not Direction.INGRESS:
        return None
    if rule.action is not Action.ALLOW or rule.tier is Tier.BASELINE or rule.l7 is not None:
        return None
    ports = sensitive_ports(rule)
    if not ports or not any(map(_is_world, rule.peers)):
        return None
    atoms = {space.service_atom(Protocol.TCP, port) for port in ports}
    return {PEER: EXTERNAL, SERVICE: sum(1 << atom for atom in atoms)}


def sensitive_ports(rule: Rule) -> Sequence[int]:
    """The sensitive ports that a rule speaks of."""
    if rule.ports is None:
        return tuple(SENSITIVE)
    tcp = [p for p in rule.ports if p.protocol == Protocol.TCP]
    return [n for n in SENSITIVE if any(p.low <= n <= p.high for p in tcp)]


def sensitive_port(rule: Rule, space: Space, atom: int) -> int:
    """The first of them in an atom of services."""
    ports = sensitive_ports(rule)
    return next(p for p in ports if space.service_atom(Protocol.TCP, p) == atom)


def _is_world(term: Term) -> bool:
    if isinstance(term, Cidr):
        return term.network.prefixlen == 0
    return term in _WORLD
