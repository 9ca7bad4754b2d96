"""The differences of two policies: each region, and all of them together, held against z3."""

import random
from ipaddress import IPv4Network
from typing import Any

import pytest
import z3
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Request
from cpc.compiler.policy.model import (
    Action,
    AllOf,
    AnyOf,
    Audit,
    Cidr,
    Direction,
    EndpointTerm,
    Everything,
    Has,
    HttpMatch,
    In,
    Isolation,
    L7Match,
    LabelKey,
    Mode,
    Policy,
    PortRange,
    Rule,
    Selector,
    Tier,
)
from cpc.compiler.policy.requests import request_matches
from cpc.compiler.policy.semantics import Decision, Verdict, decide_terms, without_staged
from cpc.compiler.verify.encode import FlowVariables
from cpc.compiler.verify.encode_connection import one_source
from cpc.compiler.verify.encode_party import SOLVER
from cpc.compiler.verify.engine.changes import Differences, Region, Relation
from cpc.compiler.verify.engine.differences import differences
from cpc.compiler.verify.vocabulary import policy_vocabulary
from tests.nightly import times
from tests.policy.request_strategies import PROTOCOLS, independent_matches, l7_matches, requests
from tests.policy.strategies import Shape, flows, inventories, origin, policies
from tests.verify.engine.box_terms import box_term

UNSHRUNK = settings(
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
"""To the solver each example costs much, and what fails is read as it is."""

SHAPE = Shape(rules=6, modes=(Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS, Mode.NEVER))


@st.composite
def pairs(draw: st.DrawFn, shape: Shape = SHAPE) -> tuple[Policy, Policy]:
    """Two random policies, or one and what a few edits make of it."""
    old = draw(policies(shape))
    if draw(st.integers(0, 3)) == 0:
        return old, draw(policies(shape))
    other = draw(policies(shape))
    chosen = random.Random(draw(st.integers(0, 1 << 16)))
    return old, edited(old, other, chosen)


def edited(old: Policy, other: Policy, chosen: random.Random) -> Policy:
    """One to three edits: a statement gone, one of another policy, fields of one, an order, a mode."""
    new = old
    for _ in range(chosen.randint(1, 3)):
        rules = list(new.rules)
        match chosen.randrange(8):
            case 0 if rules:
                del rules[chosen.randrange(len(rules))]
            case 1 if other.rules:
                rules.append(chosen.choice(other.rules))
            case 2 | 3 if rules and other.rules:
                place, model = chosen.randrange(len(rules)), chosen.choice(other.rules)
                field = chosen.choice(("subject", "peers", "ports"))
                rules[place] = replace(rules[place], **{field: getattr(model, field)})
            case 4 if rules:
                place = chosen.randrange(len(rules))
                action = Action.DENY if rules[place].action is Action.ALLOW else Action.ALLOW
                if rules[place].l7 is None:
                    rules[place] = replace(rules[place], action=action)
            case 5:
                new = replace(new, isolations=other.isolations)
            case 6:
                new = replace(new, requirements=other.requirements, audits=other.audits)
            case 7:
                last = max((r.priority for r in rules), default=0)
                rules = [replace(r, priority=last - r.priority) for r in rules]
        new = replace(new, rules=tuple(sorted(rules, key=lambda r: r.key)))
    return new


class Oracle:
    """Both policies over one free flow; with request parts, where none matches and where all do."""

    def __init__(self, old: Policy, new: Policy) -> None:
        old, new = without_staged(old), without_staged(new)
        both = replace(
            old,
            rules=old.rules + new.rules,
            isolations=old.isolations + new.isolations,
            open_defaults=old.open_defaults + new.open_defaults,
            requirements=old.requirements + new.requirements,
            audits=old.audits + new.audits,
        )
        self.flow = FlowVariables(policy_vocabulary(both))
        self.world = z3.And(
            self.flow.consistent(),
            z3.Not(self.flow.same),
            one_source(self.flow.subject),
            one_source(self.flow.peer),
        )
        parts = list(self.flow.requests.values())
        self.opaque = [(v, z3.BoolVal(False)) for v in parts]
        self.every = [(v, z3.BoolVal(True)) for v in parts]
        self.allowed = self.is_allowed(old), self.is_allowed(new)
        self.before, self.after = map(self.verdict, self.allowed)

    def is_allowed(self, policy: Policy) -> z3.BoolRef:
        guards: list[tuple[z3.BoolRef, Decision]] = decide_terms(SOLVER, policy, self.flow)
        return z3.Or(*(g for g, d in guards if d.verdict is Verdict.ALLOW))

    def verdict(self, allowed: z3.BoolRef) -> tuple[z3.BoolRef, z3.BoolRef]:
        """Whether all requests are allowed, and whether some is."""
        if not self.opaque:
            return allowed, allowed
        return z3.substitute(allowed, *self.opaque), z3.substitute(allowed, *self.every)

    def is_request(self, request: Request) -> z3.BoolRef:
        parts = self.flow.requests.items()
        return z3.And(*(v == request_matches(matcher, request) for matcher, v in parts))

    def holds(self, term: z3.BoolRef, flow: Flow) -> bool:
        solver = z3.Solver()
        solver.add(term, self.flow.equals(flow))
        return bool(solver.check() == z3.sat)

    def is_verdict(self, side: tuple[z3.BoolRef, z3.BoolRef], verdict: Verdict) -> z3.BoolRef:
        all_, some = side
        match verdict:
            case Verdict.ALLOW:
                return all_
            case Verdict.DENY:
                return z3.Not(some)
            case Verdict.REDIRECT:
                return z3.And(some, z3.Not(all_))

    def possible(self, *conditions: z3.BoolRef) -> bool:
        solver = z3.Solver()
        solver.add(self.world, *conditions)
        answer = solver.check()
        assert answer != z3.unknown
        return bool(answer == z3.sat)

    def inside(self, found: Differences, region: Region) -> z3.BoolRef:
        return box_term(self.flow, found.space, region.direction, region.box)


@settings(UNSHRUNK, max_examples=times(300, 10_000))
@given(pairs())
def test_regions_are_the_differences(pair: tuple[Policy, Policy]) -> None:
    check_regions(pair)


@settings(UNSHRUNK, max_examples=times(60, 10_000))
@given(pairs(replace(SHAPE, rules=18)))
def test_regions_of_dense_policies_are_the_differences(pair: tuple[Policy, Policy]) -> None:
    check_regions(pair)


def check_regions(pair: tuple[Policy, Policy]) -> None:
    """No flow outside of the regions is decided otherwise, every flow inside of one is, and each is once."""
    found = differences(*pair)
    assert not found.undecided
    oracle = Oracle(*pair)
    differ = oracle.before[0] != oracle.after[0]
    regions = [oracle.inside(found, region) for region in found.regions]
    assert not oracle.possible(differ, *map(z3.Not, regions))
    for region, inside in zip(found.regions, regions, strict=True):
        assert oracle.possible(inside)
        change = z3.And(
            oracle.is_verdict(oracle.before, region.before),
            oracle.is_verdict(oracle.after, region.after),
        )
        assert not oracle.possible(inside, z3.Not(change)), region
    if len(regions) > 1:
        assert not oracle.possible(z3.AtLeast(*regions, 2))
    check_witnesses(*pair, found)
    wider = oracle.possible(z3.Not(oracle.before[0]), oracle.after[0])
    narrower = oracle.possible(oracle.before[0], z3.Not(oracle.after[0]))
    assert found.relation is relation_of(wider, narrower)


def relation_of(wider: bool, narrower: bool) -> Relation:
    if wider and narrower:
        return Relation.INCOMPARABLE
    return Relation.WIDER if wider else Relation.NARROWER if narrower else Relation.EQUAL


def check_witnesses(old: Policy, new: Policy, found: Differences) -> None:
    for region in found.regions:
        assert region.changes
        for change in region.changes:
            assert change.flow.direction is region.direction
            before = decide(old, change.flow, change.request)
            after = decide(new, change.flow, change.request)
            assert (before, after) == (change.before, change.after)
            allowed = change is region.allowed
            assert (after.verdict is Verdict.ALLOW) is allowed
            assert (before.verdict is Verdict.ALLOW) is not allowed


# --- request parts -----------------------------------------------------------------------------

INDEPENDENT = replace(SHAPE, l7=independent_matches)
"""Any set of request parts has a request that exactly they match, so the solver's are free."""


@settings(UNSHRUNK, max_examples=times(100, 10_000))
@given(pairs(INDEPENDENT))
def test_regions_are_the_differences_of_requests_too(pair: tuple[Policy, Policy]) -> None:
    found = differences(*pair)
    assume(not found.undecided)  # rules that must match together
    oracle = Oracle(*pair)
    regions = [oracle.inside(found, region) for region in found.regions]
    before, after = oracle.allowed
    assert not oracle.possible(before != after, *map(z3.Not, regions))
    for region, inside in zip(found.regions, regions, strict=True):
        change = z3.And(
            oracle.is_verdict(oracle.before, region.before),
            oracle.is_verdict(oracle.after, region.after),
        )
        assert not oracle.possible(inside, z3.Not(change)), region
        for one in region.changes:
            request = oracle.is_request(one.request)
            assert not oracle.possible(inside, request, before == after), region
        if region.allowed is None:
            assert not oracle.possible(inside, after, z3.Not(before)), region
        if region.denied is None:
            assert not oracle.possible(inside, before, z3.Not(after)), region
    check_witnesses(*pair, found)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_requests_outside_of_regions_are_decided_alike(protocol: str) -> None:
    """Matchers that overlap, and requests around them."""

    @settings(UNSHRUNK, max_examples=times(25))
    @given(pairs(replace(SHAPE, l7=l7_matches(protocol))), st.data())
    def alike(pair: tuple[Policy, Policy], data: st.DataObject) -> None:
        found = differences(*pair)
        assume(not found.undecided)
        check_witnesses(*pair, found)
        enforced = [without_staged(policy) for policy in pair]
        parties = data.draw(inventories(enforced[0]))
        oracle = Oracle(*pair)
        inside = z3.Or(*(oracle.inside(found, region) for region in found.regions))
        for _ in range(8):
            flow = data.draw(flows(data.draw(st.sampled_from(enforced)), parties))
            request = data.draw(requests(protocol))
            verdicts = {decide(policy, flow, request).verdict for policy in enforced}
            if len(verdicts) == 2 and one_source_each(flow):
                assert oracle.holds(inside, flow), (flow, request)

    alike()


def one_source_each(flow: Flow) -> bool:
    """Whether no key of a party has two sources."""
    parties = (flow.subject, flow.peer)
    return all(len({label.key for label in p.labels}) == len(p.labels) for p in parties)


# --- particular pairs --------------------------------------------------------------------------


def test_equal_policies_have_no_region() -> None:
    found = differences(policy(), policy())
    assert (found.regions, found.relation) == ((), Relation.EQUAL)


def half(number: int, action: Action, peers: Selector, *ports: PortRange, **more: Any) -> Rule:
    web = (EndpointTerm(In(LabelKey("k8s", "app"), ("web",))),)
    fields: dict[str, Any] = {
        "tier": Tier.NORMAL,
        "priority": 0,
        "block": 0,
        "index": 0,
        "l7": None,
    }
    return Rule(
        direction=Direction.INGRESS,
        action=action,
        subject=web,
        peers=peers,
        ports=ports or None,
        staged=False,
        log=False,
        origin=origin(number),
        **(fields | more),
    )


def policy(*rules: Rule, **more: Any) -> Policy:
    subject = (EndpointTerm(Everything()),)
    isolation = Isolation(Direction.INGRESS, subject, False, origin(1000, "closed"))
    fields: dict[str, Any] = {"rules": rules, "isolations": (isolation,), "allow_host": False}
    return Policy(**(fields | more))


OFFICE = (Cidr(IPv4Network("10.0.0.0/8")),)
PART = (Cidr(IPv4Network("10.1.0.0/16")),)
HTTPS, SSH = PortRange(6, 443, 443), PortRange(6, 22, 22)


def test_a_rule_more_is_wider_by_itself() -> None:
    old = policy(half(1, Action.ALLOW, PART, HTTPS))
    new = policy(*old.rules, half(2, Action.ALLOW, OFFICE, HTTPS, SSH))
    found = differences(old, new)
    assert found.relation is Relation.WIDER
    assert differences(new, old).relation is Relation.NARROWER
    assert len(found.regions) == 2  # what is known of a part is taken out
    for region in found.regions:
        (change,) = region.changes
        assert change.before.rule is not None and change.before.rule.name == "closed"
        assert change.after.rule is not None and change.after.rule.name == "s2"


def test_statements_in_another_place_are_the_same() -> None:
    rules = [half(n, Action.ALLOW, PART, PortRange(6, n, n)) for n in range(1, 6)]
    moved = [replace(r, origin=origin(90 - n)) for n, r in enumerate(rules)]
    assert differences(policy(*rules), policy(*reversed(moved))).relation is Relation.EQUAL


def test_the_order_of_a_tier_is_part_of_what_it_means() -> None:
    def tiered(*actions: Action) -> Policy:
        places = [{"tier": Tier.ADMIN, "priority": 1, "index": n} for n in range(len(actions))]
        return policy(
            *(half(n, a, OFFICE, **p) for n, (a, p) in enumerate(zip(actions, places, strict=True)))
        )

    allow, deny = Action.ALLOW, Action.DENY
    assert differences(tiered(allow, deny), tiered(deny, allow)).relation is Relation.NARROWER
    assert differences(tiered(allow, deny), tiered(allow, allow)).relation is Relation.EQUAL
    assert differences(tiered(deny, allow), tiered(deny, deny)).relation is Relation.EQUAL


def test_redirects_are_compared_by_their_requests() -> None:
    def http(path: str) -> Policy:
        part = L7Match("http", (HttpMatch("GET", path, None),))
        return policy(half(1, Action.ALLOW, OFFICE, HTTPS, l7=part))

    assert differences(http("/a|/b"), http("/b|/a")).relation is Relation.EQUAL
    found = differences(http("/a.*"), http("/ab.*"))
    assert found.relation is Relation.NARROWER
    (region,) = found.regions
    assert (region.before, region.after, region.allowed) == ("redirect", "redirect", None)
    assert differences(http("/a"), http("/b")).relation is Relation.INCOMPARABLE
    wide = policy(half(1, Action.ALLOW, OFFICE, HTTPS))
    assert differences(http("/.*"), wide).relation is Relation.WIDER
    assert differences(wide, http("/.*")).relation is Relation.NARROWER
    assert differences(policy(), http("/a")).relation is Relation.WIDER


def test_modes_and_audits_and_the_host_count() -> None:
    rule = half(1, Action.ALLOW, OFFICE)
    closed = policy(rule)
    assert differences(closed, policy(rule, mode=Mode.NEVER)).relation is Relation.WIDER
    audited = policy(rule, audits=(Audit(rule.subject, origin(5)),))
    assert differences(closed, audited).relation is Relation.WIDER
    assert differences(closed, policy(rule, allow_host=True)).relation is Relation.WIDER
    open_ = policy(rule, isolations=())
    assert differences(open_, closed).relation is Relation.NARROWER
    assert differences(open_, policy(rule, isolations=(), mode=Mode.ALWAYS)).relation is (
        Relation.NARROWER
    )


def test_what_has_too_many_alternatives_is_undecided() -> None:
    keys = [LabelKey("k8s", f"k{n}") for n in range(32)]
    either = [AnyOf((Has(keys[n]), Has(keys[n + 1]))) for n in range(0, 32, 2)]
    peers = (EndpointTerm(AllOf(tuple(either))),)
    one = policy(half(1, Action.ALLOW, peers))
    assert differences(one, one).relation is Relation.EQUAL
    found = differences(one, policy(half(1, Action.DENY, peers)))
    assert found.undecided and found.relation is None
