"""Which label keys matter, and which labels are told apart: random policies against z3, and by hand."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.model import Direction, Mode, Policy, Tier
from cpc.compiler.verify.certify import SolverFlows
from cpc.compiler.verify.encode_party import PartyVariables
from cpc.compiler.verify.engine.quotient import Comparison, KeyClasses
from cpc.compiler.verify.vocabulary import OTHER_SOURCE
from tests.nightly import times
from tests.policy.request_strategies import independent_matches
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, policies

SHAPE = Shape(
    rules=6, names=False, staged=False, modes=(Mode.DEFAULT, Mode.ALWAYS), l7=independent_matches
)
SEEN: Counter[bool] = Counter()


def has(party: PartyVariables, key: str, label: tuple[str, str] | None) -> z3.BoolRef:
    """The party has exactly this label of the key."""
    own = {source: v for (source, known), v in party.labels.items() if known == key}
    values = list(party.vocabulary.keys[key][1])
    wanted = {source: 0 for source in own}
    source = label[0] if label is not None and label[0] in own else OTHER_SOURCE
    if label is not None and source in own:
        wanted[source] = values.index(label[1]) + 1 if label[1] in values else len(values) + 1
    return z3.And(*(own[source] == number for source, number in wanted.items()))


def told_apart(
    oracle: SolverFlows, key: str, one: tuple[str, str] | None, other: tuple[str, str] | None
) -> bool:
    """Whether z3 knows two flows that differ in these labels of one side only and are decided otherwise."""
    allowed = oracle.allowed(oracle.policy)
    for party in (oracle.flow.subject, oracle.flow.peer):
        fresh = [
            (v, z3.BitVec(f"{v} instead", v.size()))
            for (_, known), v in party.labels.items()
            if known == key
        ]
        found = oracle.possible(
            has(party, key, one),
            z3.substitute(z3.And(has(party, key, other), oracle.world), *fresh),
            allowed != z3.substitute(allowed, *fresh),
        )
        if found:
            return True
    return False


def pairs(
    found: KeyClasses,
) -> Iterator[tuple[tuple[str, str] | None, tuple[str, str] | None, bool]]:
    """Pairs of labels, and whether they are in one class: all inside of classes, and the firsts of two."""
    for group in found.classes:
        yield from ((group[0], other, True) for other in group[1:])
    firsts = [group[0] for group in found.classes]
    yield from ((one, other, False) for one, other in list(combinations(firsts, 2))[:4])


def _contested(policy: Policy) -> bool:
    """Whether a request may have to match rules of several blocks of one priority."""
    parts = [r for r in policy.rules if r.l7 is not None and r.tier is not Tier.NORMAL]
    return any(
        (one.tier, one.priority) == (other.tier, other.priority) and one.block != other.block
        for one, other in combinations(parts, 2)
    )


@settings(max_examples=times(60, 3_000), suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def check_keys(policy: Policy) -> None:
    oracle = SolverFlows(policy)
    for found in Comparison(policy).by_key():
        if found.undecided:
            assert "about requests" in found.undecided and _contested(policy)
            continue
        for one, other, same in pairs(found):
            apart = told_apart(oracle, found.key, one, other)
            assert apart is not same, (found.key, one, other)
            SEEN[same] += 1
        assert len(found.telling) == len(found.classes) - 1
        for telling in found.telling:
            before, after = (decide(policy, flow, telling.request) for flow in telling.flows)
            assert (before, after) == telling.decisions
            assert before.verdict is not after.verdict


def test_labels_are_told_apart_as_the_solver_says() -> None:
    SEEN.clear()
    check_keys()
    assert SEEN[True] > 5 and SEEN[False] > 5, SEEN


@settings(max_examples=times(40, 2_000), suppress_health_check=list(HealthCheck))
@given(policies(SHAPE), st.data())
def test_alike_endpoints_have_the_same_decisions(policy: Policy, data: st.DataObject) -> None:
    keys = {key: values for key, values in sorted(_values(policy).items())}
    sets = [
        frozenset(
            Label("k8s", key, value)
            for key, values in keys.items()
            if (value := data.draw(st.sampled_from(["", "other", *values])))
        )
        for _ in range(4)
    ]
    groups = Comparison(policy).alike(sets)
    assert sorted(n for group in groups for n in group) == list(range(len(sets)))
    oracle = SolverFlows(policy)
    allowed = oracle.allowed(policy)
    for (one, left), (other, right) in combinations(enumerate(sets), 2):
        same = any(one in group and other in group for group in groups)
        if not left or not right:
            continue  # nobody's labels: an endpoint of another kind, which z3 does not move to
        apart = False
        for party in (oracle.flow.subject, oracle.flow.peer):
            fresh = [(v, z3.BitVec(f"{v} instead", v.size())) for v in party.labels.values()]
            more = [(party.more_labels, z3.Bool("more instead"))]
            with_left = z3.And(*(has(party, k, _of(left, k)) for k in party.vocabulary.keys))
            with_right = z3.And(*(has(party, k, _of(right, k)) for k in party.vocabulary.keys))
            apart = apart or oracle.possible(
                with_left,
                z3.substitute(z3.And(with_right, oracle.world), *fresh, *more),
                allowed != z3.substitute(allowed, *fresh, *more),
            )
        assert apart is not same, (left, right)


def _of(labels: frozenset[Label], key: str) -> tuple[str, str] | None:
    return next(((x.source, x.value) for x in labels if x.key == key), None)


def _values(policy: Policy) -> dict[str, list[str]]:
    found = SolverFlows(policy).flow.subject.vocabulary.keys
    return {key: [*values] for key, (_, values) in found.items()}


def keys_of(text: str) -> dict[str, int]:
    """The number of classes of each key of a policy."""
    return {found.key: len(found.classes) for found in Comparison(clean(text)).by_key()}


BASE = 'endpoints web = { app = "web" }\ndefault deny ingress, egress for web\n'


def test_a_key_of_a_rule_without_effect_does_not_matter() -> None:
    text = BASE + 'ingress deny all -> web\ningress allow { tier = "front" } -> web tcp/80'
    assert keys_of(text) == {"app": 2, "tier": 1}


def test_values_that_are_asked_alike_are_one_class() -> None:
    text = BASE + 'ingress allow { tier in ("a", "b") } -> web\ningress allow { tier = "c" } -> web'
    (found,) = [k for k in Comparison(clean(text)).by_key() if k.key == "tier"]
    values = [{label and label[1] for label in group} for group in found.classes]
    assert {"a", "b", "c"} in values and len(values) == 2


def test_a_key_under_not_matters_and_absence_is_like_another_value() -> None:
    text = BASE + 'ingress allow { tier != "a" } -> web'
    assert keys_of(text)["tier"] == 2


def test_keys_of_peers_of_a_requirement_matter() -> None:
    text = BASE + 'ingress allow { app = "db" } -> web\ningress require { zone = "x" } -> web'
    assert keys_of(text)["zone"] == 2


def test_a_telling_names_the_rule_and_differs_in_the_key_only() -> None:
    text = BASE + 'ingress allow fronts: { tier = "front" } -> web tcp/80'
    (found,) = [k for k in Comparison(clean(text)).by_key() if k.key == "tier"]
    (telling,) = found.telling
    names = {d.rule.name for d in telling.decisions if d.rule is not None}
    assert "fronts" in names
    one, other = telling.flows
    assert one.direction is Direction.INGRESS and one.subject == other.subject
    left, right = ({x for x in f.peer.labels if x.key != "tier"} for f in (one, other))
    assert left - right <= {x for x in left if x.key.startswith("other")}


def test_endpoints_are_alike_over_several_keys() -> None:
    text = (
        BASE
        + 'ingress allow { a = "1", b = "2" } -> web\ningress allow { a = "2", b = "1" } -> web\n'
    )
    sets = [
        frozenset({Label("k8s", "a", x), Label("k8s", "b", y)})
        for x, y in (("1", "2"), ("2", "1"), ("1", "1"), ("3", "3"))
    ]
    assert Comparison(clean(text)).alike(sets) == ((0, 1), (2, 3))
