"""Certificates: z3 agrees on random policies, and notices what is said wrongly or not at all."""

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.model import Mode, Policy
from cpc.compiler.verify.certify import certify
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.findings import FindingKind
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, policies

SHAPE = Shape(rules=6, audits=False, modes=(Mode.DEFAULT, Mode.ALWAYS, Mode.NEVER))

TEXT = """endpoints web = { app = "web" }
endpoints db = { app = "db" }
default deny ingress for db
ingress deny no-db: all -> db tcp/1-1000
ingress allow lost: web -> db tcp/80
ingress allow kept: web -> db tcp/2000
ingress allow twice: web -> db tcp/2000-2001
"""


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(policies(SHAPE))
def test_every_half_is_certified(policy: Policy) -> None:
    certificates = list(certify(policy, analyse(policy)))
    enforced = [r for r in policy.rules if not r.staged and policy.mode is not Mode.NEVER]
    assert len(certificates) == len([r for r in enforced if not r.named])
    assert not [c for c in certificates if c.missing]


def test_what_is_certified() -> None:
    policy = clean(TEXT)
    found = {c.rule.origin.name: c.kinds for c in certify(policy, analyse(policy))}
    assert found["lost"] == (FindingKind.SHADOWED,)
    assert found["kept"] == (FindingKind.REDUNDANT,)
    assert found["no-db"] == found["twice"] == ()


def test_a_finding_that_is_kept_back_is_noticed() -> None:
    policy = clean(TEXT)
    with pytest.raises(InternalError, match="lost"):
        list(certify(policy, [f for f in analyse(policy) if f.rule.origin.name != "lost"]))


def test_a_wrong_finding_is_noticed() -> None:
    policy = clean(TEXT)
    findings = analyse(policy)
    twice = next(r for r in policy.rules if r.origin.name == "twice")
    with pytest.raises(InternalError, match="twice"):
        list(certify(policy, [*findings, replace(findings[0], rule=twice)]))


def test_request_parts_are_not_certified_and_that_is_said() -> None:
    policy = clean(TEXT + 'ingress allow part: web -> db tcp/3000 http {\n  GET "/"\n}\n')
    missing = {c.rule.origin.name: c.missing for c in certify(policy, analyse(policy))}
    assert missing["part"] == "it meets request parts" and missing["lost"] == ""
