"""The published mistakes of other implementations: each a scenario and a law of `decide`."""

from ipaddress import IPv4Address, ip_address

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import OPAQUE, Flow, HttpRequest, Label, Party, Request
from cpc.compiler.policy.model import (
    ALL,
    Action,
    AnyOf,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Has,
    HttpMatch,
    In,
    LabelKey,
    Mode,
    NamedPort,
    Network,
    Policy,
    PortRange,
    Rule,
    Selector,
    Tier,
)
from cpc.compiler.policy.semantics import Reason, Verdict
from tests.policy.build import (
    allow,
    app,
    arrives,
    cidr,
    default_deny,
    deny,
    endpoint,
    entity,
    external,
    policy_of,
    tcp,
)
from tests.policy.request_strategies import l7_matches, requests
from tests.policy.strategies import EVERYTHING, Shape, flows, inventories, policies
from tests.policy.term_strategies import networks, port_ranges, selectors

_SETTINGS = settings(max_examples=40)
_HTTP = Shape(rules=5, l7=l7_matches("http"))
_NO_AUDITS = replace(EVERYTHING, audits=False, modes=(Mode.DEFAULT, Mode.ALWAYS))

_ORDERS = endpoint("orders")
_WEB = endpoint("web", address="10.9.0.2")
_LAB = endpoint("lab", address="10.9.0.3")
_PUBLIC = HttpMatch("GET", "/public", None)
_ANYTHING = HttpMatch(None, None, None)


def _some_flows(data: st.DataObject, policy: Policy) -> list[Flow]:
    parties = data.draw(inventories(policy))
    return data.draw(st.lists(flows(policy, parties), min_size=6, max_size=6))


def _with(policy: Policy, *rules: Rule) -> Policy:
    return replace(policy, rules=tuple(sorted((*policy.rules, *rules), key=lambda r: r.key)))


# --- CVE-2023-30851 ----------------------------------------------------------------------------


def test_cve_2023_30851_an_http_wildcard_frees_only_its_own_peers() -> None:
    policy = policy_of(
        default_deny(),
        allow("web-public", app("orders"), app("web"), tcp(80), _PUBLIC),
        allow("lab-all", app("orders"), app("lab"), tcp(80), _ANYTHING),
    )
    admin = HttpRequest("GET", "/admin")
    assert decide(policy, arrives(_ORDERS, _WEB), admin).verdict is Verdict.DENY
    assert decide(policy, arrives(_ORDERS, _LAB), admin).verdict is Verdict.ALLOW
    assert decide(policy, arrives(_ORDERS, _WEB)).verdict is Verdict.REDIRECT
    assert decide(policy, arrives(_ORDERS, _LAB), OPAQUE).verdict is Verdict.DENY


@given(policies(_HTTP), st.data())
@_SETTINGS
def test_cve_2023_30851_a_rule_changes_no_request_of_another_peer(
    policy: Policy, data: st.DataObject
) -> None:
    """Adding an allow with request parts leaves every request of peers outside it as it was."""
    peers = data.draw(selectors())
    added = allow("added", ALL, peers, None, *data.draw(l7_matches("http")).matchers)
    wider = _with(policy, added)
    for flow in _some_flows(data, policy):
        request: Request = data.draw(requests("http"))
        if not party_selected(flow.peer, peers):
            assert decide(wider, flow, request) == decide(policy, flow, request)
            assert decide(wider, flow) == decide(policy, flow)


# --- CVE-2024-52529 ----------------------------------------------------------------------------


def test_cve_2024_52529_a_port_range_of_one_peer_leaves_l7_of_another_inside_it() -> None:
    policy = policy_of(
        default_deny(),
        allow("lab-range", app("orders"), app("lab"), tcp(1, 65535)),
        allow("web-public", app("orders"), app("web"), tcp(80), _PUBLIC),
    )
    assert decide(policy, arrives(_ORDERS, _WEB)).verdict is Verdict.REDIRECT
    admin = HttpRequest("GET", "/admin")
    assert decide(policy, arrives(_ORDERS, _WEB), admin).verdict is Verdict.DENY
    assert decide(policy, arrives(_ORDERS, _LAB)).verdict is Verdict.ALLOW
    assert decide(policy, arrives(_ORDERS, _WEB, 443)).verdict is Verdict.DENY


@given(policies(_HTTP), port_ranges, st.data())
@_SETTINGS
def test_cve_2024_52529_an_l4_allow_frees_exactly_its_peers_and_ports(
    policy: Policy, ports: PortRange, data: st.DataObject
) -> None:
    """Adding an allow of a port range leaves peers and ports outside it redirected as they were."""
    peers = data.draw(selectors())
    wider = _with(policy, allow("added", ALL, peers, (ports,)))
    for flow in _some_flows(data, policy):
        inside = flow.protocol == ports.protocol and ports.low <= flow.port <= ports.high
        if not (inside and party_selected(flow.peer, peers)):
            assert decide(wider, flow) == decide(policy, flow)


# --- GHSA-3wwx-63fv-pfq6 -----------------------------------------------------------------------


def test_ghsa_3wwx_63fv_pfq6_a_deny_on_a_prefix_beats_allows_inside_and_around_it() -> None:
    policy = policy_of(
        allow("narrow", ALL, cidr("10.1.9.0/24")),
        deny("no-office", ALL, cidr("10.1.0.0/16")),
        allow("wide", ALL, cidr("10.0.0.0/8")),
        allow("world", ALL, entity(Entity.WORLD)),
        allow("all"),
    )
    for address in ("10.1.0.0", "10.1.9.7", "10.1.255.255"):
        decision = decide(policy, arrives(_ORDERS, external(address)))
        assert (decision.verdict, decision.rule and decision.rule.name) == ("deny", "no-office")
    for address in ("10.0.255.255", "10.2.0.0"):
        assert decide(policy, arrives(_ORDERS, external(address))).verdict is Verdict.ALLOW


@given(policies(_NO_AUDITS), networks, st.data())
@_SETTINGS
def test_ghsa_3wwx_63fv_pfq6_no_allow_of_the_normal_tier_undoes_a_deny(
    policy: Policy, network: Network, data: st.DataObject
) -> None:
    """Behind an admin tier that does not decide, a matching deny denies."""
    term = Cidr(network, (), True)
    no_admin = replace(policy, rules=tuple(r for r in policy.rules if r.tier is not Tier.ADMIN))
    denying = _with(no_admin, deny("added", ALL, (term,)))
    for flow in _some_flows(data, denying):
        free = decide(denying, flow).reason in (Reason.SELF, Reason.HOST, Reason.UNMANAGED)
        ingress = flow.direction is Direction.INGRESS
        if ingress and not free and party_selected(flow.peer, (term,)):
            assert decide(denying, flow).verdict is Verdict.DENY


# --- CVE-2026-56743 ----------------------------------------------------------------------------


def test_cve_2026_56743_an_ip_block_is_no_namespace() -> None:
    inside = endpoint("web", address="10.1.9.7")
    policy = policy_of(default_deny(), allow("block", ALL, cidr("0.0.0.0/0", "192.0.2.0/24")))
    assert decide(policy, arrives(_ORDERS, inside)).verdict is Verdict.DENY
    assert decide(policy, arrives(_ORDERS, external("8.8.8.8"))).verdict is Verdict.ALLOW
    assert decide(policy, arrives(_ORDERS, external("192.0.2.1"))).verdict is Verdict.DENY
    neighbour = Party("unknown", False, address=ip_address("10.9.0.77"))
    assert decide(policy, arrives(_ORDERS, neighbour)).verdict is Verdict.DENY


@given(policies(), networks, st.data())
@_SETTINGS
def test_cve_2026_56743_a_block_of_addresses_decides_external_peers_only(
    policy: Policy, network: Network, data: st.DataObject
) -> None:
    block = (Cidr(network),)
    added = _with(policy, allow("added", ALL, block), deny("denied", ALL, block))
    for flow in _some_flows(data, policy):
        if Entity.WORLD not in flow.peer.entities:
            assert decide(added, flow) == decide(policy, flow)


# --- GHSA-38pp-6gcp-rqvm -----------------------------------------------------------------------

_NOBODY: tuple[Selector, ...] = (
    (),
    (EndpointTerm(In(LabelKey("any", "app"), ())),),
    (EndpointTerm(AnyOf(())),),
    (NamedPort(EntityTerm(Entity.ALL), "no-such-port", 6, 1),),
)


def test_ghsa_38pp_6gcp_rqvm_a_selector_of_nothing_is_not_everything() -> None:
    for nobody in _NOBODY:
        policy = policy_of(default_deny(), allow("nobody", ALL, nobody))
        assert decide(policy, arrives(_ORDERS, _WEB)).verdict is Verdict.DENY
        policy = policy_of(default_deny(nobody), deny("nobody", nobody), allow("web"))
        assert decide(policy, arrives(_ORDERS, _WEB)).verdict is Verdict.ALLOW
    policy = policy_of(default_deny(), allow("no ports", ALL, ALL, ()))
    assert decide(policy, arrives(_ORDERS, _WEB)).verdict is Verdict.DENY


@given(policies(), st.sampled_from(_NOBODY), st.sampled_from(Action), st.data())
@_SETTINGS
def test_ghsa_38pp_6gcp_rqvm_a_rule_of_nothing_changes_nothing(
    policy: Policy, nobody: Selector, action: Action, data: st.DataObject
) -> None:
    tier = Tier.ADMIN if action is Action.PASS else Tier.NORMAL
    rules = [
        replace(
            allow("added", subject, peers, direction=direction), action=action, tier=tier, block=99
        )
        for direction in Direction
        for subject, peers in ((nobody, ALL), (ALL, nobody))
    ]
    for flow in _some_flows(data, policy):
        assert decide(_with(policy, *rules), flow) == decide(policy, flow)


# --- cilium#48027 ------------------------------------------------------------------------------


def test_cilium_48027_a_label_named_like_an_entity_is_no_entity() -> None:
    labelled = endpoint("web", "k8s:host=true", "k8s:world=true", "reserved:remote-node=")
    for one in (Entity.HOST, Entity.WORLD, Entity.REMOTE_NODE, Entity.HEALTH):
        assert not party_selected(labelled, entity(one))
    host = Party("host", False, entities=frozenset({Entity.HOST}))
    for source in ("k8s", "reserved", "any"):
        assert not party_selected(host, (EndpointTerm(Has(LabelKey(source, "host"))),))
    policy = policy_of(default_deny(), allow("nodes", ALL, entity(Entity.REMOTE_NODE)))
    assert decide(policy, arrives(_ORDERS, labelled)).verdict is Verdict.DENY


@given(policies(), st.sampled_from(Entity), st.data())
@_SETTINGS
def test_cilium_48027_no_label_changes_which_entities_a_party_is(
    policy: Policy, one: Entity, data: st.DataObject
) -> None:
    for party in data.draw(inventories(policy)):
        labels = {Label(source, one.value, "true") for source in ("k8s", "reserved", "cidr")}
        labelled = replace(party, labels=party.labels | labels)
        assert party_selected(labelled, entity(one)) == party_selected(party, entity(one))


# --- cilium#28684 ------------------------------------------------------------------------------


def test_cilium_28684_end_port_is_honoured() -> None:
    policy = policy_of(default_deny(), allow("range", ALL, ALL, tcp(8000, 8099)))
    allowed = {
        port
        for port in (7999, 8000, 8001, 8050, 8098, 8099, 8100)
        if decide(policy, arrives(_ORDERS, _WEB, port)).verdict is Verdict.ALLOW
    }
    assert allowed == {8000, 8001, 8050, 8098, 8099}
    assert decide(policy, arrives(_ORDERS, _WEB, 8050, protocol=17)).verdict is Verdict.DENY


@given(port_ranges, st.integers(0, 255), st.integers(0, 65535), st.data())
@_SETTINGS
def test_cilium_28684_a_range_is_both_its_ends_and_all_between(
    ports: PortRange, protocol: int, port: int, data: st.DataObject
) -> None:
    policy = policy_of(default_deny(), allow("range", ALL, ALL, (ports,)))
    peer = external(str(data.draw(st.ip_addresses(v=6 if ports.protocol == 58 else 4))))
    inside = data.draw(st.integers(ports.low, ports.high))
    assert decide(policy, arrives(_ORDERS, peer, inside, ports.protocol)).verdict is Verdict.ALLOW
    expected = protocol == ports.protocol and ports.low <= port <= ports.high
    decision = decide(policy, arrives(_ORDERS, peer, port, protocol))
    foreign = isinstance(peer.address, IPv4Address) and protocol == 58
    assert (decision.verdict is Verdict.ALLOW) == (expected and not foreign)
