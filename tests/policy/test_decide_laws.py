"""Laws of `decide`: what adding, removing, moving and doubling a statement can and cannot do."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Direction,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Isolation,
    Mode,
    NamedPort,
    Origin,
    Policy,
    Requirement,
    Rule,
    Selector,
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
    default_deny,
    deny,
    endpoint,
    policy_of,
)
from tests.policy.request_strategies import independent_matches
from tests.policy.strategies import Shape, flows, inventories, origin, policies
from tests.policy.term_strategies import selectors

_SETTINGS = settings(max_examples=40)
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


def test_a_requirement_narrows_label_peers_with_a_named_port_and_is_staged_with_its_policy() -> (
    None
):
    web = replace(endpoint("web"), ports=frozenset({("http", 6, 80)}))
    labelled: Selector = (NamedPort(EndpointTerm(Everything()), "http", 6, 80),)
    unlabelled: Selector = (NamedPort(EntityTerm(Entity.CLUSTER), "http", 6, 80),)
    nobody = Requirement(Direction.INGRESS, ALL, (), False, origin(900))
    flow = arrives(endpoint("orders"), web)
    for peers, requirement, verdict in (
        (labelled, nobody, Verdict.DENY),
        (unlabelled, nobody, Verdict.ALLOW),
        (labelled, replace(nobody, staged=True), Verdict.ALLOW),
        (labelled, replace(nobody, direction=Direction.EGRESS), Verdict.ALLOW),
    ):
        policy = policy_of(default_deny(), allow("allow", ALL, peers))
        assert decide(replace(policy, requirements=(requirement,)), flow).verdict is verdict


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
        requirements=(
            *policy.requirements,
            *(Requirement(d, ALL, (), True, origin(901)) for d in Direction),
        ),
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
