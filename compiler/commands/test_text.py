"""What tests found: for people, as JSON (`cpc.test/1`) and as JUnit XML."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

from cpc.compiler.commands.table import columns
from cpc.compiler.commands.trace_text import (
    connection_json,
    decision_json,
    decision_words,
    origin_json,
    place_words,
    statement_words,
)
from cpc.compiler.diagnostics import Diagnostic, Label, error
from cpc.compiler.policy.claims import BY_DEFAULT, TestCase
from cpc.compiler.policy.connections import Connection, Outcome
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import Direction, Isolation, Requirement, Rule
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.source import Sources
from cpc.compiler.verify.flow_text import flow_text
from cpc.compiler.verify.testing.cases import CaseResult, Status, TestResult
from cpc.compiler.verify.testing.deciders import Coverage
from cpc.compiler.verify.testing.run import TestRun
from cpc.compiler.verify.testing.score import Fate, MutantResult, Score

__all__ = ["case_diagnostics", "junit", "run_json", "run_text", "witness_words"]

SCHEMA = "cpc.test/1"

_SAID = {Verdict.ALLOW: "allowed", Verdict.DENY: "denied", Verdict.REDIRECT: "redirected"}
_MARKS = {
    Status.HOLDS: "ok",
    Status.FAILS: "FAILS",
    Status.NOBODY: "NOBODY",
    Status.UNDECIDED: "UNDECIDED",
}


def witness_words(connection: Connection, request: Request | None) -> str:
    """A connection in one line."""
    return flow_text(connection.flow(Direction.EGRESS), request)


def case_words(case: TestCase, sources: Sources) -> str:
    """A case as it is written."""
    span = case.origin.span
    text = sources[span.file].text[span.start : span.end] if span.file in sources else span.file
    return " ".join(text.split())


# --- what does not hold ------------------------------------------------------------------------


def case_diagnostics(tests: Iterable[TestResult]) -> list[Diagnostic]:
    """An error for each case that does not hold."""
    found = (_diagnostic(case) for test in tests for case in test.cases)
    return [diagnostic for diagnostic in found if diagnostic is not None]


def _diagnostic(result: CaseResult) -> Diagnostic | None:
    case = result.case
    match result.status:
        case Status.HOLDS:
            return None
        case Status.FAILS:
            return _failure(result)
        case Status.NOBODY:
            return error(
                "CPC242",
                "the case is about nobody",
                case.origin.span,
                help="its sides and ports select no connection: a slip in a label looks so",
            )
        case Status.UNDECIDED:
            return error(
                "CPC241",
                "it could not be told whether the case holds",
                case.origin.span,
                notes=(f"its reason: {result.why}",),
                help="give an inventory with `--inventory`, or split the case",
            )


def _failure(result: CaseResult) -> Diagnostic:
    case, outcome, connection = result.case, result.outcome, result.connection
    assert outcome is not None and connection is not None
    if outcome.verdict is case.verdict:
        message = f"this is {_SAID[case.verdict]}, but not by `{case.by}`"
    else:
        message = f"this is {_SAID[outcome.verdict]}, not {_SAID[case.verdict]}"
    labels = dict.fromkeys(
        Label(decision.rule.span, f"{decision.verdict} by this")
        for decision in outcome.deciding
        if decision.rule is not None
    )
    return error(
        "CPC240",
        message,
        case.origin.span,
        labels=tuple(labels),
        notes=(
            f"witness: {witness_words(connection, case.request)}",
            f"egress: {decision_words(outcome.egress)}",
            f"ingress: {decision_words(outcome.ingress)}",
        ),
        help=_advice(case, connection, outcome),
    )


def _advice(case: TestCase, connection: Connection, outcome: Outcome) -> tuple[str, ...]:
    if case.verdict is Verdict.REDIRECT and case.request is not None:
        return ("a request is allowed or denied: without it the case is about the connection",)
    if outcome.verdict is case.verdict and case.by != BY_DEFAULT and outcome.names:
        named = ", ".join(f"`{name}`" for name in sorted(outcome.names))
        return (f"what decides is {named}",)
    ends = (connection.client, connection.server)
    nowhere = not any(label.key == NAMESPACE_KEY for end in ends for label in end.labels)
    if nowhere and not outcome.names and any(end.managed for end in ends):
        return ('if endpoints of one namespace are meant, write `test "..." namespace "..."`',)
    return ()


# --- for people --------------------------------------------------------------------------------


def run_text(run: TestRun, *, every: bool) -> str:
    """Each test with its status, then coverage and score; `every`: also what needs no care."""
    rows = [
        (_MARKS[result.status], result.test.name, place_words(result.test.origin))
        for result in run.tests
    ]
    lines = columns(rows) if rows else []
    if run.coverage is not None:
        lines += ["", *_coverage_lines(run.coverage, every)]
    if run.score is not None:
        lines += ["", *_score_lines(run.score, every)]
    return "".join(f"{line}\n" for line in lines)


def _half_words(statement: Rule | Isolation) -> str:
    if isinstance(statement, Isolation):
        return statement_words(statement)
    return f"{statement.direction} of {statement_words(statement)}"


def _coverage_lines(found: Coverage, every: bool) -> Iterator[str]:
    total = len(found.halves)
    share = f"{100 * found.covered / total:.0f}%" if total else "100%"
    yield f"coverage: {found.covered} of {total} halves of rules and defaults decide some case, {share}"
    rows = [
        (
            f"  {_half_words(statement)}",
            place_words(statement.origin),
            f"decides {len(cases)}" if cases else "decides no case",
        )
        for statement, cases in found.halves
        if every or not cases
    ]
    yield from columns(rows) if rows else ()
    if found.undecided:
        yield "  some cases could not be told, and may reach more"


def _score_lines(found: Score, every: bool) -> Iterator[str]:
    counts = ", ".join(f"{found.number(fate)} {fate}" for fate in Fate)
    tried = len(found.results)
    of = f"{tried} mutants" if tried == found.total else f"{tried} of {found.total} mutants"
    yield f"mutation score: {found.percent:.0f}%; {of}: {counts}"
    shown = [r for r in found.results if every or r.fate in (Fate.SURVIVED, Fate.UNDECIDED)]
    for result in shown:
        statement = result.mutant.statement
        yield (
            f"  {result.fate}  {_mutated_words(statement)} ({place_words(statement.origin)}): "
            + (result.mutant.what)
        )
        if result.connection is not None:
            before, after = result.verdicts
            connection = witness_words(result.connection, None)
            yield f"    no case notices {after} instead of {before} for {connection}"
        elif result.fate is Fate.UNDECIDED:
            yield f"    {result.why}"


def _mutated_words(statement: Rule | Isolation | Requirement) -> str:
    if isinstance(statement, Requirement):
        return f"require {statement.origin.name}"
    return statement_words(statement)


# --- for programs ------------------------------------------------------------------------------


def _case_json(result: CaseResult, sources: Sources) -> dict[str, Any]:
    case, outcome = result.case, result.outcome
    return {
        "case": case_words(case, sources),
        "place": origin_json(case.origin),
        "status": result.status,
        "expected": {"verdict": case.verdict, "by": case.by},
        "why": result.why,
        "connection": None
        if result.connection is None
        else connection_json(result.connection, case.request),
        "verdict": None if outcome is None else outcome.verdict,
        "egress": None if outcome is None else decision_json(outcome.egress),
        "ingress": None if outcome is None else decision_json(outcome.ingress),
    }


def _coverage_json(found: Coverage | None) -> dict[str, Any] | None:
    if found is None:
        return None
    halves = [
        {
            "statement": origin_json(statement.origin),
            "direction": statement.direction,
            "cases": [origin_json(case.origin) for case in cases],
        }
        for statement, cases in found.halves
    ]
    return {"covered": found.covered, "undecided": found.undecided, "halves": halves}


def _mutant_json(result: MutantResult) -> dict[str, Any]:
    return {
        "statement": origin_json(result.mutant.statement.origin),
        "what": result.mutant.what,
        "fate": result.fate,
        "case": None if result.case is None else origin_json(result.case.origin),
        "connection": None
        if result.connection is None
        else connection_json(result.connection, None),
        "verdicts": list(result.verdicts),
        "why": result.why,
    }


def _score_json(found: Score | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "percent": round(found.percent, 1),
        "total": found.total,
        "tried": len(found.results),
        **{str(fate): found.number(fate) for fate in Fate},
        "mutants": [_mutant_json(result) for result in found.results],
    }


def run_json(run: TestRun, sources: Sources) -> str:
    """One JSON object."""
    document = {
        "schema": SCHEMA,
        **{str(status): run.number(status) for status in Status},
        "tests": [
            {
                "name": result.test.name,
                "place": origin_json(result.test.origin),
                "status": result.status,
                "cases": [_case_json(case, sources) for case in result.cases],
            }
            for result in run.tests
        ],
        "coverage": _coverage_json(run.coverage),
        "mutation": _score_json(run.score),
    }
    return json.dumps(document, indent=2) + "\n"


def junit(run: TestRun, sources: Sources) -> str:
    """A JUnit document: a suite for each test, a test case for each case."""
    suites = ElementTree.Element("testsuites", name="cpc test")
    for result in run.tests:
        statuses = [case.status for case in result.cases]
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=_xml(result.test.name),
            tests=str(len(statuses)),
            failures=str(sum(s in (Status.FAILS, Status.NOBODY) for s in statuses)),
            errors=str(statuses.count(Status.UNDECIDED)),
        )
        for case in result.cases:
            span = case.case.origin.span
            entry = ElementTree.SubElement(
                suite,
                "testcase",
                classname=_xml(result.test.name),
                name=_xml(case_words(case.case, sources)),
                file=_xml(span.file),
                line=str(span.line),
            )
            diagnostic = _diagnostic(case)
            if diagnostic is not None:
                kind = "error" if case.status is Status.UNDECIDED else "failure"
                told = ElementTree.SubElement(
                    entry, kind, type=diagnostic.code, message=_xml(diagnostic.message)
                )
                told.text = _xml("\n".join((*diagnostic.notes, *diagnostic.help)))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, "unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Text without the characters that XML cannot have."""
    return "".join(c if c in "\t\n" or c >= " " else "\N{REPLACEMENT CHARACTER}" for c in text)
