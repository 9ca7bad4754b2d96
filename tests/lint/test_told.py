"""Findings of the engine in words: halves, labels, lines, witnesses; unknown answers."""

import pytest
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.lint.rules import RULES
from cpc.compiler.lint.run import lint
from cpc.compiler.lint.selection import Selection
from cpc.compiler.lint.settings import Settings
from cpc.compiler.policy.flow import OPAQUE, Flow, HttpRequest
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.model import Rule as Half
from cpc.compiler.verify.findings import Finding, FindingKind
from tests.lint.linting import CLEAN, material
from tests.policy.build import endpoint

HEAD = (
    'endpoints web = { app = "web" }\nendpoints db = { app = "db" }\n'
    "default deny ingress, egress for web, db\n"
)
TEXT = f"{HEAD}deny no-db: all -> db\nallow web-db: web -> db tcp/5432\nallow web -> db tcp/80"

FLOW = Flow(endpoint("web"), endpoint("db"), Direction.EGRESS, 4, 6, 5432)


def halves(policy: Policy, name: str) -> list[Half]:
    return [rule for rule in policy.rules if rule.origin.name == name]


def told(
    kind: FindingKind, *directions: str, others: tuple[str, ...] = ("no-db",), text: str = TEXT
) -> list[Diagnostic]:
    """What is said of findings about halves of `web-db`, each because of the halves of others."""
    found, _ = material(text)
    findings = [
        Finding(
            kind,
            half,
            tuple(
                next(h for h in halves(found.policy, other) if h.direction is half.direction)
                for other in others
            ),
            FLOW,
            OPAQUE,
        )
        for half in halves(found.policy, "web-db")
        if half.direction in directions
    ]
    return lint(replace(found, findings=tuple(findings)), [], CLEAN)


def test_both_halves_with_one_reason_are_told_once() -> None:
    (one,) = told(FindingKind.SHADOWED, "ingress", "egress")
    assert (one.code, one.severity) == ("CPC222", Severity.ERROR)
    assert one.message == "rule `web-db` can never take effect"
    assert one.span is not None and one.span.line == 6
    assert [(x.span.line, x.message) for x in one.labels] == [(5, "denies every flow of it")]
    assert one.notes == ("witness: web{app=web} -> db{app=db} tcp/5432",)
    assert one.help == ("narrow line 5 so that some flows are left to it, or remove it",)


def test_one_half_is_named() -> None:
    (one,) = told(FindingKind.SHADOWED, "ingress")
    assert one.message == "the ingress half of rule `web-db` can never take effect"
    assert one.severity is Severity.NOTE, "the other half has an effect"
    assert one.help[0].endswith("or write `egress` before it, so that it is the other half alone")
    (one,) = told(FindingKind.HALF_OPEN, "ingress")
    assert one.message.startswith("the ingress half of rule `web-db` allows connections")


def test_a_deny_of_what_is_denied_anyway_is_a_note() -> None:
    found, _ = material(f"{HEAD}deny guard: world -> db")
    (guard,) = halves(found.policy, "guard")
    finding = Finding(FindingKind.REDUNDANT, guard, (found.policy.isolations[0],), FLOW)
    (one,) = lint(replace(found, findings=(finding,)), [], CLEAN)
    assert (one.severity, one.message) == (
        Severity.NOTE,
        "rule `guard` denies what is denied anyway",
    )


def test_several_reasons_have_a_label_each() -> None:
    text = TEXT.replace("deny no-db: all -> db", "deny no-db: all -> db\ndeny no-web: web -> all")
    found = told(FindingKind.SHADOWED, "egress", others=("no-db", "no-web"), text=text)
    assert [label.message for label in found[0].labels] == ["denies some flows of it"] * 2
    assert found[0].help[0].startswith("narrow lines 5 and 6 so")


def test_reasons_in_another_file_are_named_with_it() -> None:
    found, _ = material(f"{HEAD}allow web-db: web -> db tcp/5432", "deny no-db: all -> { db }")
    policy = found.policy
    findings = [
        Finding(FindingKind.DUPLICATE, half, (halves(policy, "no-db")[0],))
        for half in halves(policy, "web-db")
    ]
    (one,) = lint(replace(found, findings=tuple(findings)), [], CLEAN)
    assert one.help == ("remove it: `1.cil:2` already decides all of it so",)


def test_a_rule_without_a_name_and_a_default_are_called_what_they_are() -> None:
    found, _ = material(TEXT)
    nameless = [rule for rule in found.policy.rules if ":" in rule.origin.name]
    kinds = [Finding(FindingKind.DEAD, half) for half in nameless]
    kinds.append(Finding(FindingKind.REDUNDANT, found.policy.isolations[0]))
    messages = {d.message for d in lint(replace(found, findings=tuple(kinds)), [], CLEAN)}
    assert messages == {
        "this `allow` rule matches nothing, whatever endpoints there are",
        "without this `default deny ingress` every flow is decided the same",
    }


def test_a_request_is_shown_where_requests_matter() -> None:
    text = TEXT.replace("tcp/5432", 'tcp/5432 http { GET "/" }')
    found, _ = material(text)
    half = halves(found.policy, "web-db")[0]
    request = HttpRequest("GET", "/", "shop", (("x-tenant", "a"),))
    finding = Finding(FindingKind.SHADOWED, half, (), FLOW, request)
    (one,) = lint(replace(found, findings=(finding,)), [], CLEAN)
    assert one.notes[0].endswith('tcp/5432 GET "/" host "shop" header "x-tenant" = "a"')


@pytest.mark.parametrize("kind", FindingKind)
def test_every_kind_is_told_with_its_witness_and_its_reason(kind: FindingKind) -> None:
    (one,) = told(kind, "ingress", "egress")
    rule = next(rule for rule in RULES if rule.code == one.code)
    assert rule.name == kind.value and one.severity is rule.severity
    if kind not in (FindingKind.DEAD, FindingKind.IRRELEVANT):
        assert one.notes
        assert one.labels or kind is FindingKind.EXPOSED
    assert one.help or one.severity is Severity.NOTE


def test_an_unknown_answer_claims_nothing() -> None:
    found, _ = material(TEXT)
    half = halves(found.policy, "web-db")[0]
    finding = Finding(FindingKind.SHADOWED, half, undecided="it took too long")
    (one,) = lint(replace(found, findings=(finding,)), [], CLEAN)
    assert one.code == "CPC229" and one.notes == ("because it took too long",)
    assert "`shadowed-rule`" in one.message


def test_a_kind_that_is_not_selected_is_not_told_unknown_either() -> None:
    found, _ = material(TEXT)
    half = halves(found.policy, "web-db")[0]
    finding = Finding(FindingKind.SHADOWED, half, undecided="it took too long")
    settings = Settings(Selection(ignore=("shadowed-rule",)), notes=True)
    assert lint(replace(found, findings=(finding,)), [], settings) == []
