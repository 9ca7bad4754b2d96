"""Why a connection is allowed or denied, for people and as JSON (`cpc.why/1`)."""

import json
from collections.abc import Iterator
from typing import Any, assert_never

from cpc.compiler.commands.trace_text import (
    connection_json,
    decision_json,
    decision_words,
    head_lines,
    origin_json,
    place_words,
    statement_words,
)
from cpc.compiler.policy.flow import Request
from cpc.compiler.policy.model import Direction, Rule
from cpc.compiler.policy.semantics import Decision, Part, Reason, Verdict
from cpc.compiler.policy.trace import Considered, SideTrace
from cpc.compiler.policy.why import SideReason, Why
from cpc.compiler.policy.words import (
    party_words,
    ports_words,
    request_words,
    selector_words,
    service_words,
)
from cpc.compiler.verify.questions import Answer

__all__ = ["why_json", "why_text"]

SCHEMA = "cpc.why/1"
_MOST_NEAREST = 3


def why_text(question: str, answer: Answer, reasons: Why) -> str:
    """The reasons of a verdict, and what would have to change."""
    lines = [*head_lines(question, answer)]
    for reason in reasons.reasons:
        lines += ["", *_reason_lines(reason, reasons.trace.request)]
    return "\n".join(lines) + "\n"


def _reason_lines(reason: SideReason, request: Request | None) -> Iterator[str]:
    side = reason.side
    yield f"{side.flow.direction}: {decision_words(side.decision)}"
    yield from _open_words(side)
    for last, decision in zip(reason.chain, reason.chain[1:], strict=False):
        assert last.rule is not None
        yield f"  without {last.rule.name}: {decision_words(decision)}"
    for number, near in enumerate(reason.nearest[:_MOST_NEAREST]):
        word = "the nearest allow" if number == 0 else "as near"
        place = place_words(near.statement.origin)
        yield f"  {word}: {statement_words(near.statement)} ({place})"
        for what, change in changes(near, side, request):
            yield f"    {what}: {change}"
    if len(reason.nearest) > _MOST_NEAREST:
        yield f"  and {len(reason.nearest) - _MOST_NEAREST} that are as near"
    if side.decision.verdict is Verdict.DENY and not reason.nearest and side.considered:
        yield "  no allow rule comes near: add one"


def _open_words(side: SideTrace) -> Iterator[str]:
    """What is said where nothing denies."""
    if side.decision.reason is Reason.MODE and side.decision.verdict is Verdict.ALLOW:
        who = "client" if side.flow.direction is Direction.EGRESS else "server"
        yield f"  no `default deny {side.flow.direction}` is about the {who}"


def changes(near: Considered, side: SideTrace, request: Request | None) -> list[tuple[str, str]]:
    """What of a rule does not fit, with both sides of the mismatch."""
    rule = near.statement
    assert isinstance(rule, Rule)
    found = [(str(part), _change(part, rule, near, side, request)) for part in near.missed]
    if rule.staged:
        found.append(("staged", "it is not enforced: remove `staged`"))
    return found


def _change(
    part: Part, rule: Rule, near: Considered, side: SideTrace, request: Request | None
) -> str:
    flow = side.flow
    mirrored = rule.direction is not flow.direction
    subject, peer = (flow.peer, flow.subject) if mirrored else (flow.subject, flow.peer)
    subject_role, peer_role = ("client", "server")
    if rule.direction is Direction.INGRESS:
        subject_role, peer_role = peer_role, subject_role
    match part:
        case Part.DIRECTION:
            return f"it is about {rule.direction} only"
        case Part.SUBJECT:
            words = selector_words(rule.subject)
            return f"the rule says {words}; the {subject_role} is {party_words(subject)}"
        case Part.PORT:
            asked = service_words(flow.protocol, flow.port)
            return f"the rule says {ports_words(rule.ports)}; asked for is {asked}"
        case Part.PEER:
            words = selector_words(rule.peers)
            return f"the rule says {words}; the {peer_role} is {party_words(peer)}"
        case Part.REQUIREMENT:
            required = (
                f"{r.origin.name} ({place_words(r.origin)}) requires {selector_words(r.peers)}"
                for r in near.unmet
            )
            return "; ".join(required) or "the peer does not meet what is required"
        case Part.REQUEST:
            asked = "opaque bytes" if request is None else request_words(request)
            return f"no matcher of its request part matches {asked}"
        case _:
            assert_never(part)


# --- for programs ------------------------------------------------------------------------------


def _decisions_json(decisions: tuple[Decision, ...]) -> list[dict[str, Any]]:
    return [decision_json(decision) for decision in decisions]


def _near_json(near: Considered, side: SideTrace, request: Request | None) -> dict[str, Any]:
    return {
        "statement": origin_json(near.statement.origin),
        "missed": list(near.missed),
        "changes": [{"what": what, "words": words} for what, words in changes(near, side, request)],
    }


def why_json(question: str, reasons: Why) -> str:
    """One JSON object."""
    traced = reasons.trace
    document = {
        "schema": SCHEMA,
        "question": question,
        "verdict": traced.outcome.verdict,
        "connection": connection_json(traced.connection, traced.request),
        "sides": [
            {
                "direction": reason.side.flow.direction,
                "chain": _decisions_json(reason.chain),
                "nearest": [_near_json(n, reason.side, traced.request) for n in reason.nearest],
            }
            for reason in reasons.reasons
        ],
    }
    return json.dumps(document, indent=2) + "\n"
