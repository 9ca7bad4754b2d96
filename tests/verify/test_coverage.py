"""Coverage: whoever a rule is enforced at has a default, and the witness is one who has none."""

import subprocess
import sys

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.errors import InternalError
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Direction,
    Entity,
    Isolation,
    Policy,
    Rule,
    Selector,
    Tier,
)
from cpc.compiler.verify import solve
from cpc.compiler.verify.coverage import check_coverage
from cpc.compiler.verify.verified import VerifiedPolicy, unenforced, verify
from tests.policy.resolving import clean
from tests.policy.strategies import origin
from tests.policy.term_strategies import label_sets, selectors

WEB = 'endpoints web = { app = "web" }\nendpoints db = { app = "db", env = "prod" }\n'


def found(text: str) -> list[Diagnostic]:
    return check_coverage(clean(WEB + text))


def witnesses(text: str) -> list[tuple[str, int, str]]:
    """(code, line after WEB, witness) of each finding."""
    return [
        (d.code, d.span.line - 3, d.notes[0].removeprefix("witness: "))
        for d in found(text)
        if d.span is not None
    ]


@pytest.mark.parametrize(
    "text",
    [
        "allow web -> db\ndefault deny ingress for db\ndefault deny egress for web",
        "allow web -> db\ndefault deny ingress, egress for all",
        "allow web -> db\ndefault deny ingress, egress for cluster",
        "allow web -> db\ndefault allow ingress, egress for {}",
        'ingress allow all -> db\ndefault deny ingress for { app = "db" }',
        (
            'ingress allow all -> db\ndefault deny ingress for { env = "prod" } and not { x }\n'
            'default deny ingress for { app = "db" } and { x }'
        ),
        (
            'ingress allow all -> { app in ("a", "b") }\n'
            'default deny ingress for { app = "a" }, { app = "b" }'
        ),
        (
            "ingress allow all -> { x } or { y }\ndefault deny ingress for { y }\n"
            "default allow ingress for { x }"
        ),
        "ingress allow world -> all\ndefault deny ingress for { x }, { not x }",
        "ingress allow world -> init\ndefault deny ingress for { not x }",
        "tier admin priority 1 {\n  deny world -> all\n}",
        "baseline priority 1 {\n  deny web -> db\n}",
        "staged policy p {\n  default deny ingress for db\n  allow world -> db\n}",
        "staged allow world -> db\ndefault deny ingress for db",
        'policy p namespace "a" {\n  default deny ingress for all\n  allow world -> db\n}',
    ],
)
def test_covered(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "allow web -> db",
            [(1, "an endpoint with k8s:app=db, k8s:env=prod"), (1, "an endpoint with k8s:app=web")],
        ),
        ("default deny ingress for db\nallow web -> db", [(2, "an endpoint with k8s:app=web")]),
        (
            'default deny ingress for { app = "db", env = "prod", x }\nallow world -> db',
            [(2, "an endpoint with k8s:app=db, k8s:env=prod")],
        ),
        ("default deny egress for all\nallow world -> all", [(2, "an endpoint without labels")]),
        (
            "default deny ingress for { x }\ningress allow web -> all",
            [(2, "an endpoint without labels")],
        ),
        (
            'default deny ingress for { "k8s:app" = "web" }\nallow world -> web',
            [(2, "an endpoint with container:app=web")],
        ),
        ("default deny ingress for init\nallow world -> health", [(2, "a health endpoint")]),
        ("ingress require web -> db", [(1, "an endpoint with k8s:app=db, k8s:env=prod")]),
        (
            "staged policy p {\n  default deny ingress for web\n}\nallow world -> web",
            [(4, "an endpoint with k8s:app=web")],
        ),
        (
            'default deny ingress for web\npolicy p namespace "a" {\n  allow world -> db\n}',
            [
                (
                    3,
                    "an endpoint with k8s:app=db, k8s:env=prod, k8s:io.kubernetes.pod.namespace=a",
                )
            ],
        ),
    ],
)
def test_not_covered(text: str, expected: list[tuple[int, str]]) -> None:
    assert witnesses(text) == [("CPC201", line, witness) for line, witness in expected]


def _policy(subject: Selector, covers: list[Selector]) -> Policy:
    rule = Rule(
        Direction.INGRESS,
        Action.ALLOW,
        Tier.NORMAL,
        *(0, 0, 0),
        subject=subject,
        peers=ALL,
        ports=None,
        l7=None,
        staged=False,
        log=False,
        origin=origin(0, "rule"),
    )
    half = len(covers) // 2
    facts = [Isolation(Direction.INGRESS, s, False, origin(n + 1)) for n, s in enumerate(covers)]
    return Policy((rule,), isolations=tuple(facts[:half]), open_defaults=tuple(facts[half:]))


@st.composite
def endpoints(draw: st.DrawFn) -> Party:
    labels = draw(label_sets)
    return Party("e", True, labels, frozenset() if labels else frozenset({Entity.INIT}))


@settings(max_examples=120)
@given(
    selectors(subject=True),
    st.lists(selectors(subject=True), max_size=3),
    st.lists(endpoints(), min_size=20, max_size=20),
)
def test_no_endpoint_is_missed(
    subject: Selector, covers: list[Selector], parties: list[Party]
) -> None:
    policy = _policy(subject, covers)
    covering = tuple(t for s in covers for t in s)
    uncovered = [
        p for p in parties if party_selected(p, subject) and not party_selected(p, covering)
    ]
    if not check_coverage(policy):
        assert uncovered == []


def test_an_unknown_answer_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve, "never", lambda *_: solve.Unknown("timeout"))
    text = "default deny ingress for { x } or { y }\nallow world -> web"
    (diagnostic,) = found(text)
    assert (diagnostic.code, diagnostic.severity) == ("CPC209", Severity.ERROR)
    assert diagnostic.notes == ("its reason: timeout",)
    assert verify(clean(WEB + text))[0] is None


def test_a_witness_that_does_not_replay_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def any_model(*_: z3.BoolRef) -> solve.Answer:
        solver = z3.Solver()
        solver.check()
        return solve.Refuted(solver.model())

    monkeypatch.setattr(solve, "never", any_model)
    with pytest.raises(InternalError):
        found('default deny ingress for { app = "web", x }\nallow world -> web')


def test_common_policies_need_no_solver() -> None:
    program = f"""
import sys
from tests.policy.resolving import clean
from cpc.compiler.verify.verified import verify
verified, found = verify(clean({WEB!r} + '''
default deny ingress, egress for web, db
allow web -> db tcp/5432
policy p namespace "a" {{
  default deny ingress for all
  allow world -> web
}}'''))
assert verified is not None, found
assert "z3" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# --- verified policies -------------------------------------------------------------------------


def test_only_verify_builds_a_verified_policy() -> None:
    policy = clean(WEB + "default deny ingress for web\nallow world -> web")
    verified, diagnostics = verify(policy)
    assert verified is not None and verified.policy is policy and diagnostics == []
    with pytest.raises(InternalError):
        VerifiedPolicy(policy, object())


def test_what_cannot_be_enforced_is_no_verified_policy() -> None:
    policy = clean(WEB + "default deny egress for web\naudit web")
    verified, diagnostics = verify(policy)
    assert verified is None
    assert [(d.code, d.span.line - 3) for d in diagnostics if d.span] == [("CPC405", 2)]
    assert unenforced(policy) == diagnostics
