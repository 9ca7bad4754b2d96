"""`world-exposed`: what it speaks of and of what it does not, by hand and held against z3."""

from collections import Counter

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.model import Entity, EntityTerm, Mode, Policy, Protocol, Tier
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.verify.certify import SolverFlows
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.engine.boxes import space_of
from cpc.compiler.verify.engine.exposed import SENSITIVE, exposed_part, sensitive_ports
from cpc.compiler.verify.findings import FindingKind
from tests.lint.linting import linted
from tests.nightly import times
from tests.policy.strategies import Shape, policies

WEB = 'endpoints web = { app = "web" }\ndefault deny ingress, egress for web\n'


def exposed(text: str) -> list[Diagnostic]:
    """What is said of rules that the world comes in by."""
    return [d for d in linted(text, engine=True) if d.code == "CPC210"]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("allow a: world -> web", "every port"),
        ("allow a: 0.0.0.0/0 -> web", "every port"),
        ("ingress allow a: all -> web tcp/22", "ssh (tcp/22)"),
        ("allow a: world-ipv6 -> web tcp/5000-6000", "PostgreSQL (tcp/5432), VNC (tcp/5900), "),
        ("allow a: ::/0 except fc00::/7 -> web tcp/6379", "Redis (tcp/6379)"),
        ("tier admin priority 1 { allow a: world -> web tcp/3306 }", "MySQL (tcp/3306)"),
        ("allow a: world -> web tcp/22\ndeny world -> web and { canary } tcp/22", "ssh (tcp/22)"),
        ("allow a: world -> web tcp/22\ndeny 203.0.113.0/24 -> web", "ssh (tcp/22)"),
        ("allow a: world -> web\ntier admin priority 1 { deny world -> all tcp/22 }", "every port"),
    ],
)
def test_the_world_may_come_in(rule: str, what: str) -> None:
    (found,) = exposed(WEB + rule)
    assert found.message.startswith(f"rule `a` opens {what}")
    assert found.notes[0].startswith("witness: world ")


@pytest.mark.parametrize(
    "rule",
    [
        "allow world -> web tcp/443",
        "allow world -> web tcp/{80, 8000-8099}",
        "allow world -> web icmp/echo-request",
        "allow world -> web udp",
        "allow 10.0.0.0/8 -> web tcp/22",
        "allow 128.0.0.0/1 -> web tcp/22",
        "ingress allow cluster -> web",
        "egress allow web -> world",
        "staged allow world -> web tcp/22",
        'allow world -> web tcp/22 http { GET "/" }',
        "allow world -> web tcp/22\ndeny world -> all tcp/22",
        "allow world -> web tcp/22\ntier admin priority 1 { deny all -> web tcp/22 }",
        "mode never allow world -> web",
        "tier admin priority 1 { pass all -> web tcp/22 }",
    ],
)
def test_the_world_may_not_or_it_is_meant(rule: str) -> None:
    assert not exposed(f"{WEB}default deny ingress for all\n{rule}")


def test_an_address_is_found_however_many_are_denied() -> None:
    left = "allow a: world -> web tcp/22\ndeny 0.0.0.0/0 except 8.8.4.4/32, ::/0 -> web"
    (found,) = exposed(WEB + left)
    assert "world 8.8.4.4 -> " in found.notes[0]


SEEN: Counter[bool] = Counter()
SHAPE = Shape(rules=6, names=False, staged=False, audits=False, modes=(Mode.DEFAULT, Mode.ALWAYS))
EVERYONE = (EntityTerm(Entity.ALL),)


@settings(max_examples=times(100, 3_000), suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def check_exposed(policy: Policy) -> None:
    widened = [
        replace(r, peers=EVERYONE) if number % 2 and r.tier is not Tier.BASELINE else r
        for number, r in enumerate(policy.rules)
    ]
    policy = replace(policy, rules=tuple(widened))
    findings = analyse(policy, notes=False)
    said = {id(f.rule) for f in findings if f.kind is FindingKind.EXPOSED}
    oracle, space = SolverFlows(policy), space_of([policy])
    flow = oracle.flow
    outside = z3.And(flow.peer.entity(Entity.WORLD), flow.protocol == Protocol.TCP)
    for rule in policy.rules:
        expected = False
        if exposed_part(rule, space) is not None:
            ports = z3.Or(*(flow.port == port for port in sensitive_ports(rule)))
            expected = oracle.possible(oracle.acts(rule), outside, ports)
        assert (id(rule) in said) is expected, rule
        SEEN[expected] += 1
    for finding in findings:
        if finding.kind is FindingKind.EXPOSED:
            witness = finding.witness
            assert witness is not None and witness.port in SENSITIVE
            decision = decide(policy, witness)
            assert (decision.rule, decision.verdict) == (finding.rule.origin, Verdict.ALLOW)


def test_exposed_rules_are_those_of_the_solver() -> None:
    SEEN.clear()
    check_exposed()
    assert SEEN[True] > 2, SEEN


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ("tcp/1-65535", "opens every tcp port to"),
        ("tcp/20-30000", "opens ssh (tcp/22), telnet (tcp/23), Windows RPC (tcp/135) and 16 more to"),
    ],
)  # fmt: skip
def test_only_all_ports_are_every_port(ports: str, said: str) -> None:
    (one,) = exposed(f"{WEB}allow site: world -> web {ports}\n")
    assert said in one.message
