"""Rules that are about nobody in an inventory, of random worlds against `decide`, and by hand."""

from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.model import (
    Action,
    Direction,
    Fqdn,
    Mode,
    NamedPort,
    Policy,
    Rule,
    ServiceTerm,
    Term,
)
from cpc.compiler.verify.engine.irrelevant import irrelevant
from tests.nightly import times
from tests.policy.resolving import clean, inventory_of
from tests.verify.known_flows import known_flows
from tests.verify.test_connectivity import World, worlds


def unknown(term: Term) -> bool:
    inner = term.term if isinstance(term, NamedPort) else term
    return isinstance(inner, Fqdn | ServiceTerm)


def matched(world: World, rule: Rule) -> bool:
    """Whether some flow of those who are there has the rule, were it alone and a plain one."""
    alone = replace(rule, action=Action.DENY, l7=None, tier=rule.tier)
    policy = Policy((alone,), requirements=world.policy.requirements, allow_host=False)
    return any(decide(policy, flow).rule == rule.origin for flow in known_flows(world, [rule]))


@settings(max_examples=times(60, 10_000), suppress_health_check=list(HealthCheck))
@given(worlds())
def test_nobody_there_has_a_flow_of_them(world: World) -> None:
    policy = replace(world.policy, requirements=(), mode=Mode.DEFAULT)
    world = replace(world, policy=policy)
    found = [f.rule for f in irrelevant(policy, world.inventory)]
    for rule in policy.rules:
        if not rule.staged and not any(map(unknown, (*rule.peers, *rule.subject))):
            matches = matched(world, rule)
            assert not (matches and rule in found), rule
            if not rule.peers or world.external == ():
                assert matches or rule in found, rule


def test_a_slip_in_a_label_is_about_nobody() -> None:
    policy = clean(
        'endpoints web = { app = "web" }\nendpoints db = { app = "bd" }\n'
        "default deny ingress, egress for all\nallow a: web -> db\nallow b: web -> world\n"
        'fqdn api = ["api.example.com"]\negress allow c: web -> api'
    )
    inventory = inventory_of(
        "endpoints:\n  - {name: web, labels: {app: web}, addresses: [10.0.0.1]}\n"
        "  - {name: db, labels: {app: db}, addresses: [10.0.0.2]}\n"
    )
    found = list(irrelevant(policy, inventory))
    assert {(f.rule.origin.name, f.rule.direction) for f in found} == {
        ("a", Direction.INGRESS),
        ("a", Direction.EGRESS),
    }
