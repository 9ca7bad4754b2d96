"""Label keys that matter and endpoints that are alike, for people and as JSON (`cpc.identities/1`)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from cpc.compiler.commands.trace_text import decision_json, decision_words, party_json
from cpc.compiler.policy.flow import OPAQUE, Label
from cpc.compiler.policy.words import request_words
from cpc.compiler.verify.engine.quotient import KeyClasses, Telling
from cpc.compiler.verify.flow_text import flow_text

__all__ = ["Identities", "identities_json", "identities_text"]

_SHOWN = 8
"""Classes of a key, or members of a class, that are shown."""


class Identities(Struct, frozen=True):
    """The label sets of an inventory by number with their endpoints' names, `alike` those that are told apart by
    nothing, or None: `undecided` says why that is not known. `unasked` are keys that no policy names.
    """

    sets: Sequence[tuple[frozenset[Label], Sequence[str]]]
    alike: Sequence[Sequence[int]] | None
    unasked: Sequence[str]
    undecided: str = ""


def identities_text(keys: Sequence[KeyClasses], identities: Identities | None) -> str:
    """The keys with proofs, then the classes of endpoints, then a label filter."""
    return "".join(f"{line}\n" for line in _lines(keys, identities))


def _lines(keys: Sequence[KeyClasses], identities: Identities | None) -> Iterator[str]:
    mattering = [key for key in keys if key.matters]
    unknown = sum(key.matters is None for key in keys)
    more = f", of {unknown} it is not known" if unknown else ""
    yield f"{len(mattering)} of {_count(len(keys), 'label key')} that the policy names matter{more}"
    for key in mattering:
        yield ""
        yield f"{key.key} matters: {_count(len(key.classes), 'class', 'classes')}"
        for labels in key.classes[:_SHOWN]:
            yield f"  {_class_words(labels)}"
        if len(key.classes) > _SHOWN:
            yield f"  and {len(key.classes) - _SHOWN} more"
        yield from _telling_lines(key.telling[0])
    for key in keys:
        if key.matters is None:
            yield ""
            yield f"{key.key}: it is not known whether it matters: {key.undecided}"
        elif not key.matters:
            yield ""
            yield f"{key.key} does not matter: whatever its label, every flow is decided the same"
    if identities is not None:
        yield from _identity_lines(identities)
    yield ""
    yield "label filter: " + (" ".join(_filter(keys)) or "no label matters")


def _filter(keys: Sequence[KeyClasses]) -> list[str]:
    """The keys that an identity must keep: all but those that are known not to matter."""
    return [key.key for key in keys if key.matters is not False]


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
    before = _count(len(identities.sets), "label set")
    if identities.alike is None:
        yield f"{before}; it is not known which of them are alike: {identities.undecided}"
        return
    yield f"{before}, {_count(len(identities.alike), 'class', 'classes')} of endpoints"
    for group in identities.alike:
        names = [name for number in group for name in identities.sets[number][1]]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"  {', '.join(names[:_SHOWN])}{more}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def identities_json(keys: Sequence[KeyClasses], identities: Identities | None) -> str:
    """The same as a document."""
    document: dict[str, Any] = {
        "schema": "cpc.identities/1",
        "keys": [_key_json(key) for key in keys],
        "filter": _filter(keys),
        "identities": None,
    }
    if identities is not None:
        alike = identities.alike
        document["identities"] = {
            "unasked": list(identities.unasked),
            "undecided": identities.undecided or None,
            "before": len(identities.sets),
            "after": None if alike is None else len(alike),
            "classes": alike
            and [
                [
                    {
                        "labels": [str(label) for label in sorted(identities.sets[n][0])],
                        "endpoints": list(identities.sets[n][1]),
                    }
                    for n in group
                ]
                for group in alike
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
