"""Label keys that matter and endpoints that are alike, for people and as JSON (`cpc.identities/1`)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from cpc.compiler.commands.trace_text import decision_json, decision_words, party_json
from cpc.compiler.policy.flow import OPAQUE, Label
from cpc.compiler.policy.words import request_words
from cpc.compiler.verify.engine.quotient import KeyClasses, Quotient, Telling
from cpc.compiler.verify.flow_text import flow_text

__all__ = ["Identities", "identities_json", "identities_text"]

_SHOWN = 8
"""Classes of a key, or members of a class, that are shown."""


class Identities(Struct, frozen=True):
    """The label sets of an inventory by number with their endpoints' names, `alike` those that are told apart by
    nothing; `unasked` are keys that no policy names.
    """

    sets: Sequence[tuple[frozenset[Label], Sequence[str]]]
    alike: Sequence[Sequence[int]]
    unasked: Sequence[str]


def identities_text(found: Quotient, identities: Identities | None) -> str:
    """The keys with proofs, then the classes of endpoints, then a label filter."""
    return "".join(f"{line}\n" for line in _lines(found, identities))


def _lines(found: Quotient, identities: Identities | None) -> Iterator[str]:
    mattering = [key for key in found.keys if key.matters]
    yield f"{len(mattering)} of {_count(len(found.keys), 'label key')} that the policy names matter"
    for key in mattering:
        yield ""
        yield f"{key.key} matters: {_count(len(key.classes), 'class', 'classes')}"
        for labels in key.classes[:_SHOWN]:
            yield f"  {_class_words(labels)}"
        if len(key.classes) > _SHOWN:
            yield f"  and {len(key.classes) - _SHOWN} more"
        yield from _telling_lines(key.telling[0])
    for key in found.keys:
        if key.undecided:
            yield ""
            yield f"{key.key}: not known, {key.undecided}"
        elif not key.matters:
            yield ""
            yield f"{key.key} does not matter: whatever its label, every flow is decided the same"
    if identities is not None:
        yield from _identity_lines(identities)
    yield ""
    yield "label filter: " + (" ".join(key.key for key in mattering) or "no label matters")


def _telling_lines(telling: Telling) -> Iterator[str]:
    asked = None if telling.request is OPAQUE else telling.request
    for word, flow, decision in zip(("", "but "), telling.flows, telling.decisions, strict=True):
        yield f"  {word}{flow_text(flow, asked)}: {decision_words(decision)}"


def _class_words(labels: Sequence[tuple[str, str] | None]) -> str:
    values = [label[1] for label in labels if label is not None]
    shown = values[:_SHOWN] + ([f"{len(values) - _SHOWN} more"] if len(values) > _SHOWN else [])
    return ", ".join([*(["no label"] if None in labels else []), *shown])


def _identity_lines(identities: Identities) -> Iterator[str]:
    yield ""
    if identities.unasked:
        yield f"no policy names: {', '.join(identities.unasked)}"
    before, after = len(identities.sets), len(identities.alike)
    yield f"{_count(before, 'label set')}, {_count(after, 'class', 'classes')} of endpoints"
    for group in identities.alike:
        names = [name for number in group for name in identities.sets[number][1]]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"  {', '.join(names[:_SHOWN])}{more}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def identities_json(found: Quotient, identities: Identities | None) -> str:
    """The same as a document."""
    document: dict[str, Any] = {
        "schema": "cpc.identities/1",
        "keys": [_key_json(key) for key in found.keys],
        "filter": [key.key for key in found.keys if key.matters],
        "identities": None,
    }
    if identities is not None:
        document["identities"] = {
            "unasked": list(identities.unasked),
            "before": len(identities.sets),
            "after": len(identities.alike),
            "classes": [
                [
                    {
                        "labels": [str(label) for label in sorted(identities.sets[n][0])],
                        "endpoints": list(identities.sets[n][1]),
                    }
                    for n in group
                ]
                for group in identities.alike
            ],
        }
    return json.dumps(document, indent=2) + "\n"


def _key_json(key: KeyClasses) -> dict[str, Any]:
    return {
        "key": key.key,
        "matters": key.matters,
        "undecided": key.undecided or None,
        "classes": [
            [None if label is None else f"{label[0]}:{key.key}={label[1]}" for label in labels]
            for labels in key.classes
        ],
        "told_apart": [_telling_json(telling) for telling in key.telling],
    }


def _telling_json(telling: Telling) -> dict[str, Any]:
    flow = telling.flows[0]
    return {
        "direction": flow.direction,
        "family": flow.family,
        "protocol": flow.protocol,
        "port": flow.port,
        "request": request_words(telling.request),
        "flows": [
            {
                "subject": party_json(flow.subject),
                "peer": party_json(flow.peer),
                "decision": decision_json(decision),
            }
            for flow, decision in zip(telling.flows, telling.decisions, strict=True)
        ],
    }
