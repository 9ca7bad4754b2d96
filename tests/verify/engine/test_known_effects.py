"""Rules without effect among those in an inventory, of random worlds against `decide`, and by hand."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.model import Action, Mode, Policy, Rule
from cpc.compiler.verify.engine.findings import find
from cpc.compiler.verify.engine.irrelevant import about_unknown
from cpc.compiler.verify.engine.known_grid import known_effects
from cpc.compiler.verify.findings import OVERLAPS, WITHOUT_EFFECT, FindingKind
from tests.nightly import times
from tests.policy.resolving import clean, inventory_of
from tests.verify.engine.test_against_solver import contested
from tests.verify.known_flows import known_flows
from tests.verify.test_connectivity import World, worlds

EMPTY = (FindingKind.SHADOWED, FindingKind.DUPLICATE)
SEEN: Counter[FindingKind] = Counter()


def plain(world: World) -> Policy:
    """The policy of a world, of connections alone."""
    policy = replace(world.policy, mode=Mode.DEFAULT)
    return replace(policy, rules=tuple(replace(rule, l7=None) for rule in policy.rules))


@settings(max_examples=times(25, 5_000), suppress_health_check=list(HealthCheck))
@given(worlds())
def compare(world: World) -> None:
    policy = plain(world)
    found = list(known_effects(policy, world.inventory))
    asked = [(flow, decide(policy, flow)) for flow in known_flows(world, policy.rules)]
    ends = {end for own in world.ends.values() for end in own}
    without = {id(finding.rule) for finding in found}
    gone = {id(f.rule) for f in found if f.kind is FindingKind.REDUNDANT}
    gone |= {
        id(rule) for rule in policy.rules if id(rule) in without and not contested(policy, rule)
    }
    fewer = replace(policy, rules=tuple(rule for rule in policy.rules if id(rule) not in gone))
    for finding in found:
        rule = finding.rule
        assert isinstance(rule, Rule)
        assert finding.kind in (*EMPTY, FindingKind.REDUNDANT) and not finding.undecided
        SEEN[finding.kind] += 1
        if finding.kind in EMPTY:
            assert all(
                said.rule != rule.origin or flow.direction is not rule.direction
                for flow, said in asked
            ), rule
        assert finding.witness is not None
        assert (finding.witness.subject, finding.witness.family) in ends
    for flow, said in asked:
        assert decide(fewer, flow).verdict is said.verdict, (flow, [f.kind for f in found])
    decided = {(said.rule, flow.direction) for flow, said in asked}
    for rule in policy.rules:
        if (
            rule.staged
            or rule.named
            or any(
                about_unknown(other) for other in policy.rules if other.direction is rule.direction
            )
        ):
            continue
        alone = Policy(
            (replace(rule, action=Action.DENY),), requirements=policy.requirements, allow_host=False
        )
        matches = any(
            flow.direction is rule.direction and decide(alone, flow).rule == rule.origin
            for flow, _ in asked
        )
        effective = (rule.origin, rule.direction) in decided or rule.action is Action.PASS
        if matches and not effective and world.external == ():
            assert id(rule) in without, rule


def test_those_without_effect_are_those_that_decide_nothing() -> None:
    SEEN.clear()
    compare()
    assert sum(SEEN.values()) >= 5, SEEN


WORLD = (
    "endpoints:\n  - {name: web, labels: {app: web}, addresses: [10.0.0.1]}\n"
    "  - {name: db, labels: {app: db, tier: back}, addresses: [10.0.0.2]}\n"
)
NAMES = 'endpoints db = { app = "db" }\nendpoints back = { tier = "back" }\nendpoints web = { app = "web" }\n'


def said(text: str) -> dict[str, list[FindingKind]]:
    """What is found about each rule, in the open world and in that of two endpoints."""
    policy = clean(f"{NAMES}default deny ingress, egress for all\n{text}")
    answers = {}
    for name, inventory in (("open", None), ("closed", inventory_of(WORLD))):
        found = find(policy, set(FindingKind), inventory)
        kinds = [f.kind for f in found if f.rule.origin.name == "asked"]
        answers[name] = [kind for kind in kinds if kind in WITHOUT_EFFECT | OVERLAPS]
    return answers


def test_all_that_there_are_are_denied_before() -> None:
    found = said("ingress deny web -> back tcp/5432\ningress allow asked: web -> db tcp/5432")
    assert found == {"open": [FindingKind.CORRELATION], "closed": [FindingKind.SHADOWED]}


def test_all_that_there_are_are_allowed_by_another() -> None:
    found = said("ingress allow web -> db tcp\ningress allow asked: web -> back tcp/80")
    assert found == {"open": [], "closed": [FindingKind.DUPLICATE]}
    found = said("ingress allow asked: web -> db tcp/80\ningress allow web -> back tcp")
    assert found == {"open": [], "closed": [FindingKind.REDUNDANT]}


def test_names_leave_it_to_the_open_world() -> None:
    names = 'fqdn api = ["api.example.com"]\negress allow web -> api\n'
    found = said(f"{names}egress deny web -> back tcp/5432\negress allow asked: web -> db tcp/5432")
    assert found["closed"] == [FindingKind.CORRELATION]
