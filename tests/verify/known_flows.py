"""Every flow of those who are in an inventory, for tests that ask `decide` about all of them."""

from collections.abc import Iterator, Sequence
from itertools import product

from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import Entity, Rule
from cpc.compiler.verify.service_sets import PORTED
from tests.policy.strategies import port_edges
from tests.verify.test_connectivity import ANYWHERE, World

__all__ = ["known_flows"]


def known_flows(world: World, rules: Sequence[Rule]) -> Iterator[Flow]:
    """The flows of two who are there, with services of each set that some rules tell apart."""
    found = [end for ends in world.ends.values() for end in ends]
    for address in world.external:
        facts = frozenset({Entity.WORLD})
        found.append((Party(str(address), False, entities=facts, address=address), address.version))
    services = {*ANYWHERE, *port_edges(rules)}
    services |= {(p.protocol, n) for r in rules for p in r.ports or () for n in (p.low, p.high)}
    directions = {rule.direction for rule in rules}
    for (subject, family), (peer, other) in product(found, repeat=2):
        itself = subject.name == peer.name if peer.managed else False
        if not subject.managed or family != other or itself:
            continue
        for (protocol, port), direction in product(services, directions):
            number = port if protocol in PORTED[family] else 0
            yield Flow(subject, peer, direction, family, protocol, number)
