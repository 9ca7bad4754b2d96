"""Differences of policies for people, and as JSON (`cpc.diff/1`)."""

import json
from collections.abc import Iterator
from typing import Any

from cpc.compiler.commands.trace_text import decision_json, decision_words, party_json
from cpc.compiler.policy.flow import Opaque
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.policy.words import request_words, service_words
from cpc.compiler.verify.engine.changes import Change, Differences, Region, Relation
from cpc.compiler.verify.engine.regions import region_words
from cpc.compiler.verify.flow_text import flow_text

__all__ = ["diff_concise", "diff_json", "diff_text", "relation_words"]

_RELATIONS = {
    Relation.EQUAL: "equal: both decide every flow and request alike",
    Relation.WIDER: "wider: the new policy allows all that the old one does, and more",
    Relation.NARROWER: "narrower: the new policy allows less, and nothing more",
    Relation.INCOMPARABLE: "incomparable: the new policy allows more here, and less there",
    None: "unknown: perhaps there are more differences",
}

_REQUESTS = {
    Verdict.ALLOW: "all requests",
    Verdict.DENY: "no request",
    Verdict.REDIRECT: "some requests",
}


def relation_words(found: Differences) -> str:
    """The first line of the answer."""
    return f"{_RELATIONS[found.relation]}\n"


def diff_text(found: Differences) -> str:
    """The relation, then each region with who decides a witness on both sides."""
    parts = [relation_words(found)]
    for region in found.regions:
        parts.append("\n" + "".join(f"{line}\n" for line in _region_lines(found, region)))
    return "".join(parts)


def diff_concise(found: Differences) -> str:
    """The relation, then one line for each region: `+` newly allowed, `-` newly denied, `~` both."""
    lines = [
        f"{_sign(region)} {region_words(found.space, region.direction, region.box)}\n"
        for region in found.regions
    ]
    return relation_words(found) + "".join(lines)


def _sign(region: Region) -> str:
    if region.allowed and region.denied:
        return "~"
    return "+" if region.allowed else "-"


def _region_lines(found: Differences, region: Region) -> Iterator[str]:
    yield f"{_sign(region)} {region_words(found.space, region.direction, region.box)}"
    if Verdict.REDIRECT in (region.before, region.after):
        yield f"    {_REQUESTS[region.before]} before, {_REQUESTS[region.after]} now"
    for change in region.changes:
        request = None if _is_plain(region, change) else change.request
        yield f"    witness: {flow_text(change.flow, request)}"
        yield f"      before: {decision_words(change.before)}"
        yield f"      now:    {decision_words(change.after)}"


def _is_plain(region: Region, change: Change) -> bool:
    """Whether every request of the flow is decided as this one."""
    return isinstance(change.request, Opaque) and (
        Verdict.REDIRECT not in (region.before, region.after)
    )


# --- for programs ------------------------------------------------------------------------------


def diff_json(found: Differences, connections: list[dict[str, Any]] | None = None) -> str:
    """One JSON object; `connections` where lists of them were compared too."""
    document: dict[str, Any] = {
        "schema": "cpc.diff/1",
        "relation": found.relation,
        "undecided": list(found.undecided),
        "regions": [_region_json(found, region) for region in found.regions],
    }
    if connections is not None:
        document["connections"] = connections
    return json.dumps(document, indent=2) + "\n"


def _region_json(found: Differences, region: Region) -> dict[str, Any]:
    return {
        "direction": region.direction,
        "flows": region_words(found.space, region.direction, region.box),
        "before": region.before,
        "after": region.after,
        "allowed": None if region.allowed is None else _change_json(region.allowed),
        "denied": None if region.denied is None else _change_json(region.denied),
    }


def _change_json(change: Change) -> dict[str, Any]:
    flow = change.flow
    parties = (flow.subject, flow.peer)
    client, server = parties if flow.direction is Direction.EGRESS else reversed(parties)
    opaque = isinstance(change.request, Opaque)
    return {
        "client": party_json(client),
        "server": party_json(server),
        "family": flow.family,
        "protocol": flow.protocol,
        "port": flow.port,
        "service": service_words(flow.protocol, flow.port),
        "request": None if opaque else request_words(change.request),
        "before": decision_json(change.before),
        "after": decision_json(change.after),
    }
