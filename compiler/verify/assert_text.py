"""Asserts and what became of them in words."""

from typing import assert_never

from cpc.compiler.diagnostics import Diagnostic, Label, error, warning
from cpc.compiler.policy.claims import Assert, AssertKind
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Decision, Reason, Verdict
from cpc.compiler.source import Span
from cpc.compiler.verify.asserts import Evidence, Judgement, Proved, Refuted, Unknown
from cpc.compiler.verify.flow_text import flow_text

__all__ = ["claim_name", "judgement_diagnostic", "witness_text"]


def judgement_diagnostic(judgement: Judgement) -> Diagnostic | None:
    """What is said of an assert that does not hold (CPC260), is unknown (CPC261) or vacuous (CPC262)."""
    claim = judgement.claim
    match judgement.answer:
        case Proved(""):
            return None
        case Proved(why):
            return warning(
                "CPC262",
                f"{claim_name(claim)} says nothing: {why}",
                claim.origin.span,
                label="it would hold whatever the rules say",
                help="correct its sides, ports or request, or remove it",
            )
        case Refuted() as refuted:
            return _refuted(claim, refuted)
        case Unknown(why):
            return error(
                "CPC261",
                f"it is unknown whether {claim_name(claim)} holds",
                claim.origin.span,
                notes=(f"because {why}",),
                help="give `cpc verify` more time with `--timeout`, or claim less in one assert",
            )
        case _:
            assert_never(judgement.answer)


def claim_name(claim: Assert) -> str:
    """An assert by its name, where it has one."""
    name = claim.origin.name
    return f"assert `{name}`" if ":" not in name else "this assert"


def witness_text(evidence: Evidence) -> str:
    """The connection of some evidence, and the request on it."""
    return flow_text(evidence.connection.flow(Direction.EGRESS), evidence.request)


def _refuted(claim: Assert, refuted: Refuted) -> Diagnostic:
    evidence = refuted.evidence
    ends: dict[tuple[Span, str], list[str]] = {}
    notes = [f"witness: {witness_text(evidence)}"]
    for end, decision in _deciding(evidence):
        deed = "denies" if decision.verdict is Verdict.DENY else "allows"
        if decision.rule is None or decision.reason is Reason.AUDIT:
            notes.append(_why(end, decision))
        if decision.rule is not None:
            deed = "would deny" if decision.reason is Reason.AUDIT else deed
            ends.setdefault((decision.rule.span, deed), []).append(f"the {end}")
    labels = [
        Label(span, f"{deed} it at {where[0] if len(where) == 1 else 'both ends'}")
        for (span, deed), where in ends.items()
    ]
    return error(
        "CPC260",
        f"{claim_name(claim)} does not hold: {_said(claim.kind, refuted)}",
        claim.origin.span,
        labels=tuple(labels),
        notes=tuple(notes),
        help=_help(evidence),
    )


def _deciding(evidence: Evidence) -> list[tuple[str, Decision]]:
    """The ends whose decisions make the verdict; not those that have no side."""
    outcome = evidence.outcome
    ends = (("source", outcome.egress), ("destination", outcome.ingress))
    return [
        (end, decision)
        for end, decision in ends
        if decision.verdict is outcome.verdict and decision.reason is not Reason.UNMANAGED
    ]


def _why(end: str, decision: Decision) -> str:
    match decision.reason:
        case Reason.HOST:
            return f"at the {end} the local host is let through, whatever the rules say"
        case Reason.AUDIT:
            return f"at the {end} it is allowed all the same, since that is audited"
        case _:
            deed = "denies" if decision.verdict is Verdict.DENY else "allows"
            return f"at the {end} no statement decides, and the mode {deed} it"


def _said(kind: AssertKind, refuted: Refuted) -> str:
    match kind:
        case AssertKind.NEVER:
            return "there is a connection that is allowed"
        case AssertKind.ALWAYS:
            return "there is a connection that is denied"
        case AssertKind.ONLY if refuted.every:
            return "nothing from its left side is allowed"
        case AssertKind.ONLY:
            return "others may connect too"
        case AssertKind.REACHABLE:
            return "there are two between whom nothing of it is allowed"
        case AssertKind.ISOLATED:
            return "a connection with somebody outside is allowed"
        case _:
            assert_never(kind)


def _help(evidence: Evidence) -> str:
    outcome = evidence.outcome
    if outcome.verdict is Verdict.DENY:
        return "allow it where it is denied, or claim less"
    if Reason.HOST in (outcome.egress.reason, outcome.ingress.reason):
        return "`allow-host policy` leaves the local host to the rules; or claim less"
    return "deny it at one end, narrow what allows it, or claim less"
