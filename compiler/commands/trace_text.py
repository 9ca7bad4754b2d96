"""Traced connections for people, and as JSON (`cpc.trace/1`)."""

import json
from collections.abc import Iterator
from typing import Any

from cpc.compiler.commands.table import columns
from cpc.compiler.policy.connections import Connection, Outcome
from cpc.compiler.policy.flow import Party, Request
from cpc.compiler.policy.model import Action, Isolation, Origin, Rule, Tier
from cpc.compiler.policy.semantics import Decision, Part, Reason, Verdict
from cpc.compiler.policy.trace import Considered, SideTrace, Standing, Statement
from cpc.compiler.policy.words import party_words, request_words, service_words
from cpc.compiler.verify.questions import Answer

__all__ = [
    "asked_words",
    "connection_json",
    "decision_json",
    "decision_words",
    "head_lines",
    "origin_json",
    "outcome_words",
    "place_words",
    "side_json",
    "statement_words",
    "trace_json",
    "trace_text",
]

SCHEMA = "cpc.trace/1"
_MOST_ALIKE = 8

_WITHOUT_STATEMENT = {
    Reason.HOST: "the local host is always let in",
    Reason.SELF: "an endpoint may always talk to itself",
    Reason.UNMANAGED: "nobody manages this end",
    Reason.MODE: "nothing decides, so the mode does",
}

_STANDINGS = {
    Standing.DECIDES: "decides",
    Standing.AGREES: "says the same, later",
    Standing.OVERRULED: "overruled",
    Standing.LATER: "decided before its tier",
    Standing.PASSES: "passes to the next tier",
    Standing.PASSED: "behind a `pass`",
    Standing.STAGED: "staged, not enforced",
}


# --- words -------------------------------------------------------------------------------------


def place_words(origin: Origin) -> str:
    """Where a statement stands: `shop.cil:12`."""
    return f"{origin.span.file}:{origin.span.line}"


def _tier_words(tier: Tier, priority: int) -> str:
    return "" if tier is Tier.NORMAL else f"{tier.name.lower()} {priority} "


def statement_words(statement: Statement) -> str:
    """A statement in a few words: `admin 10 deny no-ssh`, `default deny ingress`."""
    staged = "staged " if statement.staged else ""
    if isinstance(statement, Isolation):
        return f"{staged}default deny {statement.direction}"
    origin = statement.origin
    name = "" if origin.name.endswith(f":{origin.span.line}") else f" {origin.name}"
    return f"{_tier_words(statement.tier, statement.priority)}{staged}{statement.action}{name}"


def decision_words(decision: Decision) -> str:
    """A decision with what made it: `deny by no-ssh (shop.cil:12)`."""
    if decision.rule is None:
        return f"{decision.verdict}: {_WITHOUT_STATEMENT[decision.reason]}"
    place = place_words(decision.rule)
    match decision.reason:
        case Reason.DEFAULT:
            return f"{decision.verdict} by default ({place})"
        case Reason.AUDIT:
            return f"{decision.verdict} by audit, for a denial at {place}"
        case _:
            named = place.endswith(decision.rule.name)
            return f"{decision.verdict} by " + (
                place if named else f"{decision.rule.name} ({place})"
            )


def outcome_words(outcome: Outcome) -> str:
    """Both sides of a connection in one line."""
    return f"egress {decision_words(outcome.egress)}; ingress {decision_words(outcome.ingress)}"


def _end_words(party: Party) -> str:
    known = party.managed and party.name not in ("client", "server")
    return f"`{party.name}`, {party_words(party)}" if known else party_words(party)


def asked_words(connection: Connection, request: Request | None) -> str:
    """What is asked of the server: `tcp/8080 GET "/api"`."""
    words = service_words(connection.protocol, connection.port)
    return words if request is None else f"{words} {request_words(request)}"


# --- for people --------------------------------------------------------------------------------


def head_lines(question: str, answer: Answer) -> Iterator[str]:
    """The verdict, and who the ends are."""
    connection = answer.trace.connection
    yield f"{answer.trace.outcome.verdict}: {question}"
    yield ""
    yield f"  client  {_end_words(connection.client)}"
    yield f"  server  {_end_words(connection.server)}"
    yield f"  asks    {asked_words(connection, answer.trace.request)}"
    if answer.trace.outcome.verdict is Verdict.REDIRECT:
        yield ""
        yield "Some requests are allowed and others are not: the proxy looks at each."


def trace_text(question: str, answer: Answer, *, every: bool) -> str:
    """A traced connection; `every`: also rules that are about other endpoints."""
    lines = [*head_lines(question, answer)]
    for side in answer.trace.sides:
        lines += ["", *_side_lines(side, every)]
    lines += _alike_lines(answer)
    return "\n".join(lines) + "\n"


def _side_lines(side: SideTrace, every: bool) -> Iterator[str]:
    yield f"{side.flow.direction}: {decision_words(side.decision)}"
    shown = [one for one in side.considered if every or _worth_showing(one)]
    rows = [
        (f"  {statement_words(one.statement)}", place_words(one.statement.origin), _became(one))
        for one in shown
    ]
    if rows:
        yield from columns(rows)
    hidden = len(side.considered) - len(shown)
    if hidden:
        yield f"  and {hidden} about other endpoints or the other direction (`-v` shows them)"


def _worth_showing(one: Considered) -> bool:
    return Part.SUBJECT not in one.missed and (
        Part.DIRECTION not in one.missed or len(one.missed) == 1
    )


def _became(one: Considered) -> str:
    if one.standing is Standing.MISSES:
        return f"misses {', '.join(one.missed)}"
    return _STANDINGS[one.standing]


def _alike_lines(answer: Answer) -> Iterator[str]:
    """How the other connections fare that the question is about."""
    total = sum(one.number for one in answer.alike)
    if total < 2:
        return
    own, *others = answer.alike
    yield ""
    what = "all" if not others and not answer.undecided else f"{own.number}"
    yield f"So it is for {what} of the {total + answer.undecided} pairs that the question is about."
    for one in others[:_MOST_ALIKE]:
        client, server = one.connection.client.name, one.connection.server.name
        yield f"  {one.number} otherwise, as `{client}` -> `{server}`: {outcome_words(one.outcome)}"
    if len(others) > _MOST_ALIKE:
        yield f"  and {len(others) - _MOST_ALIKE} outcomes more"
    if answer.undecided:
        yield f"  {answer.undecided} were not looked at"


# --- for programs ------------------------------------------------------------------------------


def origin_json(origin: Origin | None) -> dict[str, Any] | None:
    """A statement's name and place."""
    if origin is None:
        return None
    return {
        "name": origin.name,
        "policy": origin.policy,
        "file": origin.span.file,
        "line": origin.span.line,
        "column": origin.span.column,
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """A decision."""
    return {
        "verdict": decision.verdict,
        "reason": decision.reason,
        "statement": origin_json(decision.rule),
    }


def party_json(party: Party) -> dict[str, Any]:
    """One end of a connection."""
    return {
        "name": party.name,
        "managed": party.managed,
        "labels": [str(label) for label in sorted(party.labels)],
        "entities": sorted(party.entities),
        "address": None if party.address is None else str(party.address),
    }


def _considered_json(one: Considered) -> dict[str, Any]:
    statement = one.statement
    rule = isinstance(statement, Rule)
    return {
        "statement": origin_json(statement.origin),
        "kind": "rule" if rule else "default",
        "action": statement.action if isinstance(statement, Rule) else Action.DENY,
        "direction": statement.direction,
        "tier": (statement.tier if isinstance(statement, Rule) else Tier.NORMAL).name.lower(),
        "standing": one.standing,
        "missed": list(one.missed),
        "unmet": [origin_json(requirement.origin) for requirement in one.unmet],
    }


def side_json(side: SideTrace) -> dict[str, Any]:
    """One side with everything that was considered."""
    return {
        "direction": side.flow.direction,
        **decision_json(side.decision),
        "considered": [_considered_json(one) for one in side.considered],
    }


def connection_json(connection: Connection, request: Request | None) -> dict[str, Any]:
    """Who asks what of whom."""
    return {
        "client": party_json(connection.client),
        "server": party_json(connection.server),
        "family": connection.family,
        "protocol": connection.protocol,
        "port": connection.port,
        "service": service_words(connection.protocol, connection.port),
        "request": None if request is None else request_words(request),
    }


def trace_json(question: str, answer: Answer) -> str:
    """One JSON object."""
    traced = answer.trace
    document = {
        "schema": SCHEMA,
        "question": question,
        "verdict": traced.outcome.verdict,
        "connection": connection_json(traced.connection, traced.request),
        "sides": [side_json(side) for side in traced.sides],
        "pairs": [
            {
                "number": one.number,
                "client": one.connection.client.name,
                "server": one.connection.server.name,
                "verdict": one.outcome.verdict,
                "egress": decision_json(one.outcome.egress),
                "ingress": decision_json(one.outcome.ingress),
            }
            for one in answer.alike
        ],
        "undecided_pairs": answer.undecided,
    }
    return json.dumps(document, indent=2) + "\n"
