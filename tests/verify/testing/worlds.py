"""Random policies with cases about them, and every connection of an inventory, one by one."""

from collections.abc import Iterator
from ipaddress import ip_network

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.policy.claims import BY_DEFAULT, TestCase
from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.flow import KafkaRequest, Party, Request
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import Address, Entity, Network, Policy, PortRange
from cpc.compiler.policy.semantics import Verdict
from tests.policy.request_strategies import PROTOCOLS, l7_matches, requests
from tests.policy.strategies import (
    Shape,
    address_edges,
    inventories,
    origin,
    policies,
    port_edges,
)
from tests.policy.term_strategies import port_lists, selectors

__all__ = ["WithCases", "connections_of", "each_key_once", "inventory_of", "with_cases"]

_ANYWHERE = ((6, 80), (17, 53), (1, 8 << 8), (58, 128 << 8), (47, 0), (6, 0), (6, 65535))


class WithCases(Struct, frozen=True):
    """A policy, cases about it, and parties around its boundaries."""

    policy: Policy
    cases: tuple[TestCase, ...]
    parties: tuple[Party, ...]


@st.composite
def with_cases(draw: st.DrawFn, rules: int = 5, cases: int = 3) -> WithCases:
    """A policy with request parts of one protocol; one of two cases names what may decide it."""
    protocol = draw(st.sampled_from(PROTOCOLS))
    policy = draw(policies(Shape(rules=rules, names=False, l7=l7_matches(protocol))))
    names = [BY_DEFAULT, *(rule.origin.name for rule in policy.rules)]
    asked: list[TestCase] = []
    for number in range(cases):
        request: Request | None = draw(st.one_of(st.none(), st.none(), requests(protocol)))
        if isinstance(request, KafkaRequest):
            request = KafkaRequest(request.elements[:1])
        by = draw(st.one_of(st.none(), st.sampled_from(names)))
        asked.append(
            TestCase(
                draw(selectors(names=False)),
                draw(selectors(names=False)),
                draw(port_lists),
                request,
                draw(st.sampled_from(Verdict)),
                by,
                origin(800 + number),
            )
        )
    parties = tuple(
        replace(p, names=frozenset(), services=frozenset()) for p in draw(inventories(policy))
    )
    return WithCases(policy, tuple(asked), parties)


def each_key_once(party: Party) -> bool:
    """Whether no key has labels of two sources, as in the open world of tests."""
    return len({label.key for label in party.labels}) == len(
        {(label.source, label.key) for label in party.labels}
    )


def inventory_of(parties: tuple[Party, ...]) -> Inventory:
    """The inventory in which endpoints and listed addresses are those of the parties."""
    entities: dict[Entity, list[Address]] = {}
    cluster: list[Network] = []
    endpoints: list[Endpoint] = []
    for party in parties:
        assert party.address is not None
        listed = party.entities - {Entity.WORLD, Entity.INIT}
        for one in listed:
            entities.setdefault(one, []).append(party.address)
        if not party.managed and not party.entities:
            cluster.append(ip_network(party.address))
        if party.managed and not listed:
            labels, ports = tuple(sorted(party.labels)), tuple(sorted(party.ports))
            endpoints.append(Endpoint(party.name, labels, (party.address,), ports))
    listed_entities = tuple((e, tuple(a)) for e, a in sorted(entities.items()))
    return Inventory(tuple(cluster), listed_entities, tuple(endpoints))


def connections_of(
    policy: Policy, cases: tuple[TestCase, ...], inventory: Inventory
) -> Iterator[Connection]:
    """Connections between everyone known and the external addresses at edges, on ports at edges."""
    parties = [e.party(a) for e in inventory.endpoints for a in e.addresses]
    parties += [inventory.party_of(a) for _, addresses in inventory.entities for a in addresses]
    for address in sorted(address_edges(policy), key=lambda a: (a.version, int(a))):
        party = inventory.party_of(address)
        if party.entities == {Entity.WORLD}:
            parties.append(party)
    ports = [p for case in cases for p in case.ports or ()]
    services = {*port_edges(policy.rules), *_edges(ports), *_ANYWHERE}
    for client in parties:
        for server in parties:
            assert client.address is not None and server.address is not None
            family = client.address.version
            if client.address == server.address or family != server.address.version:
                continue
            for protocol, port in services:
                if (protocol, family) in ((1, 6), (58, 4)):
                    port = 0
                yield Connection(client, server, family, protocol, port)


def _edges(ports: list[PortRange]) -> set[tuple[int, int]]:
    ported = (1, 6, 17, 58, 132)
    return {(p.protocol, n) for p in ports for n in (p.low, p.high) if p.protocol in ported}
