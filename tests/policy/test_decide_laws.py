"""Laws of `decide`: what adding, removing, moving and doubling a statement can and cannot do."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.inventory import Endpoint, Inventory
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Fqdn,
    In,
    Isolation,
    LabelKey,
    Mode,
    Network,
    Not,
    Origin,
    Policy,
    Requirement,
    Rule,
    Selector,
    Term,
    Tier,
)
from cpc.compiler.policy.semantics import (
    Decision,
    Reason,
    Verdict,
    takes_requirements,
    without_staged,
)
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
from tests.policy.request_strategies import independent_matches
from tests.policy.strategies import Shape, flows, inventories, origin, policies
from tests.policy.term_strategies import label_sets, networks, selectors

_SETTINGS = settings(max_examples=60, deadline=None)
_SHAPE = Shape(rules=6, l7=independent_matches)
_FREEDOM = {Verdict.DENY: 0, Verdict.REDIRECT: 1, Verdict.ALLOW: 2}


_LABELLED = tuple(
    replace(rule, origin=origin(800 + number))
    for number, rule in enumerate(
        allow("labelled", ALL, (EndpointTerm(Everything()),), direction=d) for d in Direction
    )
)
"""Allows of every endpoint, for requirements to narrow."""


def _some_flows(data: st.DataObject, policy: Policy) -> list[Flow]:
    parties = data.draw(inventories(policy))
    return data.draw(st.lists(flows(policy, parties), min_size=6, max_size=6))


def _freedom(policy: Policy, flow: Flow) -> int:
    return _FREEDOM[decide(policy, flow).verdict]


def _sorted(policy: Policy) -> Policy:
    return replace(
        policy,
        rules=tuple(sorted(policy.rules, key=lambda r: r.key)),
        isolations=tuple(sorted(policy.isolations, key=lambda i: i.origin.order)),
    )


# --- adding and removing -----------------------------------------------------------------------


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_removing_a_deny_never_denies_more(policy: Policy, data: st.DataObject) -> None:
    denies = [r for r in policy.rules if r.action is Action.DENY]
    if not denies:
        return
    removed = data.draw(st.sampled_from(denies))
    open_ = replace(policy, rules=tuple(r for r in policy.rules if r is not removed))
    for flow in _some_flows(data, policy):
        assert _freedom(open_, flow) >= _freedom(policy, flow)


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_adding_an_allow_in_the_normal_tier_never_denies_more(
    policy: Policy, data: st.DataObject
) -> None:
    allows = [r for r in policy.rules if r.tier is Tier.NORMAL and r.action is Action.ALLOW]
    if not allows:
        return
    removed = data.draw(st.sampled_from(allows))
    without = replace(policy, rules=tuple(r for r in policy.rules if r is not removed))
    for flow in _some_flows(data, policy):
        assert _freedom(policy, flow) >= _freedom(without, flow)


@given(
    policies(Shape(audits=False)),
    selectors(subject=True),
    st.sampled_from(Direction),
    st.data(),
)
@_SETTINGS
def test_default_deny_isolates_only_its_subjects_in_its_direction(
    policy: Policy, subject: Selector, direction: Direction, data: st.DataObject
) -> None:
    added = Isolation(direction, subject, False, origin(900, "default"))
    isolated = replace(policy, isolations=(*policy.isolations, added))
    for flow in _some_flows(data, policy):
        before, after = decide(policy, flow), decide(isolated, flow)
        if flow.direction is not direction or not party_selected(flow.subject, subject):
            assert after == before
        elif after != before:
            assert after.rule == added.origin
            assert after.reason is Reason.DEFAULT
            assert before.reason is Reason.MODE or before.tier is Tier.BASELINE


def _without_label_peers(rule: Rule, direction: Direction) -> Rule:
    narrowed = rule.tier is Tier.NORMAL and rule.action is Action.ALLOW
    if not narrowed or rule.direction is not direction:
        return rule
    return replace(rule, peers=tuple(t for t in rule.peers if not takes_requirements(t)))


@given(
    policies(_SHAPE),
    selectors(subject=True),
    selectors(subject=True),
    st.sampled_from(Direction),
    st.data(),
)
@_SETTINGS
def test_a_requirement_takes_label_peers_from_its_subjects_normal_allows_and_nothing_else(
    policy: Policy,
    subject: Selector,
    required: Selector,
    direction: Direction,
    data: st.DataObject,
) -> None:
    allowing = replace(policy, rules=(*policy.rules, *_LABELLED))
    added = Requirement(direction, subject, required, False, origin(900))
    requiring = replace(allowing, requirements=(*allowing.requirements, added))
    narrowed = replace(
        allowing, rules=tuple(_without_label_peers(r, direction) for r in allowing.rules)
    )
    for flow in _some_flows(data, allowing):
        concerned = (
            flow.direction is direction
            and party_selected(flow.subject, subject)
            and not party_selected(flow.peer, required)
        )
        assert decide(requiring, flow) == decide(narrowed if concerned else allowing, flow)


# --- order, files, duplicates ------------------------------------------------------------------


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_the_order_of_the_normal_tier_never_changes_a_verdict(
    policy: Policy, data: st.DataObject
) -> None:
    normal = [r for r in policy.rules if r.tier is Tier.NORMAL]
    places = data.draw(st.permutations([r.origin for r in normal]))
    moved = [replace(r, origin=place) for r, place in zip(normal, places, strict=True)]
    others = [r for r in policy.rules if r.tier is not Tier.NORMAL]
    permuted = _sorted(replace(policy, rules=(*moved, *others)))
    for flow in _some_flows(data, policy):
        before, after = decide(policy, flow), decide(permuted, flow)
        assert replace(after, rule=None) == replace(before, rule=None)


def _in_file(place: Origin, files: list[int]) -> Origin:
    number, line, column = place.order
    return replace(place, order=(files[number % len(files)] + number, line, column))


@given(policies(_SHAPE), st.permutations([100, 200, 300, 400]), st.data())
@_SETTINGS
def test_permuting_files_changes_only_names(
    policy: Policy, files: list[int], data: st.DataObject
) -> None:
    permuted = _sorted(
        replace(
            policy,
            rules=tuple(replace(r, origin=_in_file(r.origin, files)) for r in policy.rules),
            isolations=tuple(
                replace(i, origin=_in_file(i.origin, files)) for i in policy.isolations
            ),
        )
    )
    for flow in _some_flows(data, policy):
        before, after = decide(policy, flow), decide(permuted, flow)
        assert replace(after, rule=None) == replace(before, rule=None)


def _doubled(rule: Rule) -> Rule:
    """The same again, later: in a block of its own where there are blocks."""
    file, line, column = rule.origin.order
    place = replace(rule.origin, name="again", order=(file + 1000, line, column))
    return replace(rule, block=rule.block + 1000, origin=place)


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_duplicates_change_nothing_not_even_the_name(policy: Policy, data: st.DataObject) -> None:
    doubled = _sorted(
        replace(
            policy,
            rules=(*policy.rules, *map(_doubled, policy.rules)),
            isolations=policy.isolations * 2,
            requirements=policy.requirements * 2,
            audits=policy.audits * 2,
        )
    )
    for flow in _some_flows(data, policy):
        assert decide(doubled, flow) == decide(policy, flow)


# --- tiers, audit, staged ----------------------------------------------------------------------


@given(policies(_SHAPE), st.sampled_from((Tier.ADMIN, Tier.BASELINE)), st.data())
@_SETTINGS
def test_pass_ends_exactly_its_tier(policy: Policy, tier: Tier, data: st.DataObject) -> None:
    """With `pass` of everything before all others, the tier might as well be empty."""
    passes = [
        replace(allow("pass", direction=d), action=Action.PASS, tier=tier, priority=-1, block=99)
        for d in Direction
    ]
    passing = _sorted(replace(policy, rules=(*policy.rules, *passes)))
    without = replace(policy, rules=tuple(r for r in policy.rules if r.tier is not tier))
    for flow in _some_flows(data, policy):
        assert decide(passing, flow) == decide(without, flow)


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_audit_turns_deny_into_allow_for_its_subjects_and_nobody_else(
    policy: Policy, data: st.DataObject
) -> None:
    enforced = replace(policy, audits=())
    for flow in _some_flows(data, policy):
        audited = any(party_selected(flow.subject, a.subject) for a in policy.audits)
        plain, logged = decide(enforced, flow), decide(policy, flow)
        if not audited or plain.verdict is Verdict.ALLOW:
            assert logged == plain
        else:
            assert logged.verdict is Verdict.ALLOW
            assert logged.reason is Reason.AUDIT


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_what_is_staged_changes_nothing_enforced(policy: Policy, data: st.DataObject) -> None:
    every = replace(
        policy,
        rules=(*policy.rules, *(replace(_doubled(r), staged=True) for r in policy.rules)),
        isolations=(*policy.isolations, replace(default_deny(), staged=True)),
    )
    for flow in _some_flows(data, policy):
        assert decide(_sorted(every), flow) == decide(without_staged(policy), flow)


@given(policies(_SHAPE), st.data())
@_SETTINGS
def test_mode_never_allows_and_an_endpoint_reaches_itself(
    policy: Policy, data: st.DataObject
) -> None:
    never = replace(policy, mode=Mode.NEVER)
    for flow in _some_flows(data, policy):
        assert decide(never, flow).verdict is Verdict.ALLOW
        own = replace(flow, peer=flow.subject)
        assert decide(policy, own).verdict is Verdict.ALLOW


def test_the_named_rule_is_the_first_with_the_deciding_verdict() -> None:
    flow = arrives(endpoint("orders"), endpoint("web"))
    first, second = deny("first"), deny("second")
    decision = decide(policy_of(allow("allowed"), second, first), flow)
    assert decision == Decision(Verdict.DENY, first.origin, Reason.RULE, Tier.NORMAL)


# --- who is who --------------------------------------------------------------------------------

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
