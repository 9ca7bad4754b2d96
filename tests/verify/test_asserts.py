"""Asserts, kind by kind: what is proved, what refutes, what says nothing, and how that reads."""

from collections.abc import Sequence

import pytest

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.policy.claims import Assert
from cpc.compiler.policy.model import Policy
from cpc.compiler.verify.assert_text import judgement_diagnostic
from cpc.compiler.verify.asserts import Proved, Refuted, Unknown, judge
from tests.policy.resolving import outcome

HEAD = """endpoints web = { app = "web" }
endpoints db = { app = "db" }
default deny ingress, egress for web, db
"""


def claims_of(text: str) -> tuple[Policy, Sequence[Assert]]:
    policy, definitions, _ = outcome(HEAD + text)
    return policy, definitions.asserts


def answers(text: str) -> list[str]:
    """What becomes of each assert of a text, in a word."""
    found = []
    for judgement in judge(*claims_of(text)):
        match judgement.answer:
            case Proved(why):
                found.append("vacuous" if why else "proved")
            case Refuted(_, every):
                found.append("refuted by all" if every else "refuted")
            case Unknown():
                found.append("unknown")
    return found


def said(text: str) -> Diagnostic:
    """What is said of the one assert of a text."""
    (judgement,) = judge(*claims_of(text))
    diagnostic = judgement_diagnostic(judgement)
    assert diagnostic is not None
    return diagnostic


ALLOW = "allow web-db: web -> db tcp/5432\n"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (f"{ALLOW}assert never web -> db tcp/5433", "proved"),
        (f"{ALLOW}assert never web -> db", "refuted"),
        (f"{ALLOW}assert never db -> web", "proved"),
        ("ingress allow web -> db tcp/5432\nassert never web -> db", "proved"),
        ("egress allow web -> db tcp/5432\nassert never web -> db", "proved"),
        (f"{ALLOW}assert always web -> db tcp/5432", "proved"),
        (f"{ALLOW}assert always web -> db tcp/5432-5433", "refuted"),
        (f"{ALLOW}assert only web -> db", "proved"),
        (f"{ALLOW}assert only db -> web", "refuted by all"),
        (f"{ALLOW}allow all -> db tcp/1\nassert only web -> db", "refuted"),
        (f"{ALLOW}assert reachable web -> db", "proved"),
        (f"{ALLOW}assert reachable web -> db tcp/1-6000", "proved"),
        (f"{ALLOW}assert reachable web -> db udp/53", "refuted by all"),
        ("assert isolated web", "proved"),
        (f"{ALLOW}assert isolated web", "refuted"),
        (f"{ALLOW}assert isolated db", "refuted"),
        ("allow web -> web\nassert isolated web", "proved"),
        ("assert never host -> db", "refuted"),
        ("allow-host policy\nassert never host -> db", "proved"),
        ("mode never\nassert never web -> db", "refuted"),
        ("mode never\nassert always web -> db", "proved"),
        ("mode always\nassert never { app = \"x\" } -> world", "proved"),
        ("audit db\nallow web -> world\nassert never world -> db", "refuted"),
    ],
)  # fmt: skip
def test_answers(text: str, answer: str) -> None:
    assert answers(text) == [answer]


def test_reachable_means_every_two() -> None:
    policy = (
        "allow web -> db tcp/1\n"
        'deny { app = "web", env = "dev" } -> db tcp/1\n'
        'allow { env = "dev" } -> db udp/1\n'
    )
    assert answers(f"{policy}assert reachable web -> db") == ["proved"]
    assert answers(f"{policy}assert reachable web -> db tcp/1") == ["refuted by all"]
    ports = "".join(f'allow {{ app = "web", n = "{n}" }} -> db tcp/{n}\n' for n in range(1, 9))
    known = "or".join(f' {{ app = "web", n = "{n}" }} ' for n in range(1, 9))
    assert answers(f"{ports}assert reachable {known} -> db") == ["proved"]
    assert answers(f"{ports}assert reachable web -> db") == ["refuted by all"]


@pytest.mark.parametrize(
    "claim",
    [
        "never world -> host",
        'never { app = "a", not app } -> db',
        "only all -> db",
        "isolated all",
        "never 10.0.0.0/8 -> 2001:db8::/32",
        "never 192.0.2.1 -> db icmpv6/echo-request",
        'never web -> db tcp/80 GET "no-slash-in-front"',
    ],
)
def test_what_says_nothing(claim: str) -> None:
    assert answers(f"assert {claim}") == ["vacuous"]


REQUESTS = 'allow web-db: web -> db tcp/80 http {\n  GET "/a/.*"\n  POST "/b"\n}\n'


@pytest.mark.parametrize(
    ("claim", "answer"),
    [
        ("never web -> db tcp/80", "refuted"),
        ('never web -> db tcp/80 GET "/b"', "proved"),
        ('never web -> db tcp/80 GET "/a/x"', "refuted"),
        ('never web -> db tcp/80 GET "/.*"', "refuted"),
        ("always web -> db tcp/80", "refuted"),
        ('always web -> db tcp/80 GET "/a/[0-9]+"', "proved"),
        ('always web -> db tcp/80 GET "/a.*"', "refuted"),
        ('reachable web -> db tcp/80 POST "/.*"', "proved"),
        ('reachable web -> db tcp/80 PUT "/.*"', "refuted by all"),
    ],
)
def test_requests(claim: str, answer: str) -> None:
    assert answers(f"{REQUESTS}assert {claim}") == [answer]


def test_a_request_that_only_one_end_allows_is_not_allowed() -> None:
    two = (
        'egress allow web -> db tcp/80 http {\n  GET "/a.*"\n}\n'
        'ingress allow web -> db tcp/80 http {\n  GET "/.*b"\n}\n'
    )
    assert answers(f'{two}assert never web -> db tcp/80 GET "/[^b]*"') == ["proved"]
    (judgement,) = judge(*claims_of(f"{two}assert never web -> db"))
    assert isinstance(judgement.answer, Refuted)
    assert judgement.answer.evidence.request is not None


def test_what_refutes_is_shown_with_the_statements_of_both_ends() -> None:
    diagnostic = said(
        f"{ALLOW}ingress deny no-web: web -> db tcp/5432\nassert always a: web -> db tcp/5432"
    )
    assert diagnostic.code == "CPC260"
    assert diagnostic.message == "assert `a` does not hold: there is a connection that is denied"
    assert diagnostic.notes == ("witness: {app=web} -> {app=db} tcp/5432",)
    assert [(x.span.line - 4, x.message) for x in diagnostic.labels] == [
        (2, "denies it at the destination")
    ]
    both = said(f"{ALLOW}assert never web -> db")
    assert [x.message for x in both.labels] == ["allows it at both ends"]


def test_whoever_has_no_side_is_not_blamed() -> None:
    diagnostic = said("allow world -> db\nassert never world -> db")
    assert [x.message for x in diagnostic.labels] == ["allows it at the destination"]
    host = said("assert never host -> db")
    assert "the local host is let through" in host.notes[1]


def test_no_time_is_unknown_and_never_passes() -> None:
    policy, claims = claims_of(f"{ALLOW}assert never web -> db")
    (judgement,) = judge(policy, claims, seconds=0.0)
    diagnostic = judgement_diagnostic(judgement)
    assert isinstance(judgement.answer, Unknown)
    assert diagnostic is not None and diagnostic.code == "CPC261"
    assert "--timeout" in diagnostic.help[0]
