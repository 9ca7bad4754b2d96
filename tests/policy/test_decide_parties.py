"""Who is who, and which packets a rule means: terms, prefixes and protocols one by one."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import Label, Party
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import (
    ALL,
    Cidr,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    In,
    LabelKey,
    Network,
    Not,
    PortRange,
    Selector,
    Term,
)
from cpc.compiler.policy.semantics import Verdict
from tests.policy.build import (
    allow,
    arrives,
    cidr,
    default_deny,
    deny,
    endpoint,
    external,
    policy_of,
)
from tests.policy.term_strategies import label_sets, networks, selectors

_SETTINGS = settings(max_examples=40)

_EXTERNAL_TERMS: tuple[Term, ...] = (
    *(EntityTerm(e) for e in (Entity.WORLD, Entity.WORLD_IPV4, Entity.WORLD_IPV6)),
    Cidr(ip_network("0.0.0.0/0")),
    Cidr(ip_network("::/0")),
    Fqdn(("*",)),
)


@given(label_sets, st.sampled_from(("a", "")))
@_SETTINGS
def test_not_in_holds_where_the_key_is_absent_but_never_for_non_endpoints(
    labels: frozenset[Label], value: str
) -> None:
    term = (EndpointTerm(Not(In(LabelKey("any", "absent"), (value,)))),)
    party = Party("e", True, labels)
    assert party_selected(party, term)
    for facts in (set(), {Entity.WORLD}, {Entity.HOST}, {Entity.REMOTE_NODE}):
        assert not party_selected(Party("x", False, labels, frozenset(facts)), term)
        assert not party_selected(
            Party("x", False, labels, frozenset(facts)), (EndpointTerm(Everything()),)
        )


@given(selectors(), st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@_SETTINGS
def test_an_unknown_address_matches_nothing_but_all_and_cidrs_of_any_scope(
    selector: Selector, address: IPv4Address | IPv6Address
) -> None:
    unknown = Party("unknown", False, address=address)
    by_address = any(
        t == EntityTerm(Entity.ALL) or (isinstance(t, Cidr) and t.scope_any) for t in selector
    )
    assert by_address or not party_selected(unknown, selector)
    assert party_selected(unknown, ALL)


@given(st.lists(networks, min_size=1, max_size=3), st.data())
@_SETTINGS
def test_world_never_includes_cluster_addresses(
    cluster: list[Network], data: st.DataObject
) -> None:
    ranges = tuple(cluster)
    pod = data.draw(st.ip_addresses())
    node = data.draw(st.ip_addresses())
    if pod == node:
        return
    inventory = Inventory(
        cluster=ranges,
        entities=((Entity.REMOTE_NODE, (node,)),),
        endpoints=(Endpoint("shop/web", (Label("k8s", "app", "web"),), (pod,)),),
    )
    network = data.draw(st.sampled_from(ranges))
    inside = data.draw(st.ip_addresses(network=str(network)))
    for address in (inside, pod, node):
        party = inventory.party_of(address)
        assert not party_selected(party, _EXTERNAL_TERMS)


@pytest.mark.parametrize("scope_any", [False, True])
def test_an_except_is_honoured_by_allow_and_deny(scope_any: bool) -> None:
    peers = cidr("10.0.0.0/8", "10.1.9.0/24", "10.1.9.128/25", "10.3.0.0/16", scope_any=scope_any)
    allowing = policy_of(default_deny(), allow("office", ALL, peers))
    denying = policy_of(deny("office", ALL, peers))
    orders = endpoint("orders")
    for address, inside in {
        "10.1.8.255": True,
        "10.1.9.0": False,
        "10.1.9.128": False,
        "10.1.9.255": False,
        "10.1.10.0": True,
        "10.2.255.255": True,
        "10.3.0.0": False,
        "10.4.0.0": True,
        "11.0.0.0": False,
    }.items():
        flow = arrives(orders, external(address))
        assert (decide(allowing, flow).verdict is Verdict.ALLOW) is inside
        assert (decide(denying, flow).verdict is Verdict.DENY) is inside


def test_a_rule_without_ports_includes_every_protocol_and_icmp() -> None:
    orders, peer = endpoint("orders"), external("192.0.2.1")
    policy = policy_of(default_deny(), allow("all"))
    for protocol in (0, 1, 2, 6, 17, 47, 58, 132, 255):
        assert decide(policy, arrives(orders, peer, 0, protocol)).verdict is Verdict.ALLOW


def test_an_address_of_the_other_family_is_in_no_prefix() -> None:
    mapped = external("::ffff:10.1.9.7")
    assert not party_selected(mapped, cidr("10.0.0.0/8"))
    assert not party_selected(mapped, (EntityTerm(Entity.WORLD_IPV4),))
    assert party_selected(mapped, (EntityTerm(Entity.WORLD_IPV6),))
    assert not party_selected(external("10.1.9.7"), cidr("::ffff:0:0/96"))


@pytest.mark.parametrize(
    ("party", "entities"),
    [
        (endpoint("web"), "all cluster"),
        (Party("bare", True, entities=frozenset({Entity.INIT})), "all cluster init"),
        (Party("health", True, entities=frozenset({Entity.HEALTH})), "all cluster health"),
        (Party("host", False, entities=frozenset({Entity.HOST})), "all cluster host"),
        (Party("node", False, entities=frozenset({Entity.REMOTE_NODE})), "all cluster remote-node"),
        (Party("other", False, entities=frozenset({Entity.UNMANAGED})), "all unmanaged"),
        (Party("unknown", False), "all"),
        (external("192.0.2.1"), "all world world-ipv4"),
        (external("2001:db8::1"), "all world world-ipv6"),
        (
            Party("api", False, entities=frozenset({Entity.KUBE_APISERVER, Entity.HOST})),
            "all cluster host kube-apiserver",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Party) else "",
)
def test_which_entities_a_party_is(party: Party, entities: str) -> None:
    found = {e.value for e in Entity if party_selected(party, (EntityTerm(e),))}
    assert found == set(entities.split())


@pytest.mark.parametrize(
    ("address", "protocol", "matches"),
    [
        ("192.0.2.1", 1, True),
        ("2001:db8::1", 58, True),
        ("2001:db8::1", 1, False),
        ("192.0.2.1", 58, False),
    ],
)
def test_icmp_in_the_other_family_is_no_icmp(address: str, protocol: int, matches: bool) -> None:
    policy = policy_of(default_deny(), allow("icmp", ALL, ALL, (PortRange(1), PortRange(58))))
    flow = arrives(endpoint("orders"), external(address), 0, protocol)
    assert (decide(policy, flow).verdict is Verdict.ALLOW) is matches
    everything = policy_of(default_deny(), allow("all"))
    assert decide(everything, flow).verdict is Verdict.ALLOW
