"""What tests found, for people and as JSON (`cpc.test/1`)."""

import json
from collections.abc import Iterator
from typing import Any

from cpc.compiler.commands.table import columns
from cpc.compiler.commands.test_failures import case_words, witness_words
from cpc.compiler.commands.trace_text import (
    connection_json,
    decision_json,
    origin_json,
    place_words,
    statement_words,
)
from cpc.compiler.policy.model import Isolation, Requirement, Rule
from cpc.compiler.source import Sources
from cpc.compiler.verify.testing.cases import CaseResult, Status
from cpc.compiler.verify.testing.deciders import Coverage
from cpc.compiler.verify.testing.run import TestRun
from cpc.compiler.verify.testing.score import Fate, MutantResult, Score

__all__ = ["run_json", "run_text"]

SCHEMA = "cpc.test/1"

_MARKS = {
    Status.HOLDS: "ok",
    Status.FAILS: "FAILS",
    Status.NOBODY: "NOBODY",
    Status.UNDECIDED: "UNDECIDED",
}


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
            connection = witness_words(result.connection, result.request)
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
        else connection_json(result.connection, result.request),
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
