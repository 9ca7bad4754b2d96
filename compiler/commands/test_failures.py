"""What is said of test cases that do not hold."""

from collections.abc import Iterable

from cpc.compiler.commands.trace_text import decision_words
from cpc.compiler.diagnostics import Diagnostic, Label, error
from cpc.compiler.policy.claims import BY_DEFAULT, TestCase
from cpc.compiler.policy.connections import Connection, Outcome
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.source import Sources
from cpc.compiler.verify.flow_text import flow_text
from cpc.compiler.verify.testing.cases import CaseResult, Status, TestResult

__all__ = ["case_diagnostic", "case_diagnostics", "case_words", "witness_words"]

_SAID = {Verdict.ALLOW: "allowed", Verdict.DENY: "denied", Verdict.REDIRECT: "redirected"}


def witness_words(connection: Connection, request: Request | None) -> str:
    """A connection in one line."""
    return flow_text(connection.flow(Direction.EGRESS), request)


def case_words(case: TestCase, sources: Sources) -> str:
    """A case as it is written."""
    span = case.origin.span
    text = sources[span.file].text[span.start : span.end] if span.file in sources else span.file
    return " ".join(text.split())


def case_diagnostics(tests: Iterable[TestResult]) -> list[Diagnostic]:
    """An error for each case that does not hold."""
    found = (case_diagnostic(case) for test in tests for case in test.cases)
    return [diagnostic for diagnostic in found if diagnostic is not None]


def case_diagnostic(result: CaseResult) -> Diagnostic | None:
    """What is wrong with one case; None if it holds."""
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
