"""Exported policies of Cilium, read by Cilium's documentation, let through what the policy does.

The second reading (`tests/imports/cilium/documents.py`) takes the documents as they are, and knows
nothing of importers; it draws the policies too.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cpc.compiler.exports.export import export
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, Flow, HttpRequest
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Verdict
from tests.imports.cilium.documents import PATHS, Object, allows, everyone, objects, rules
from tests.imports.reading import clean

_SETTINGS = settings(max_examples=80, suppress_health_check=list(HealthCheck))
_SERVICES = ((6, 80), (6, 81), (6, 90), (6, 91), (17, 80), (132, 81), (1, 8 << 8), (1, 0), (47, 0))
_ALL = everyone()
_SUBJECTS = tuple(s for s in _ALL if s.labels or s.entity in ("init", "health"))


def plain(document: Any) -> Any:
    """The document without methods that are any method: the second reading knows one method only."""
    match document:
        case dict():
            return {k: plain(v) for k, v in document.items() if (k, v) != ("method", ".*")}
        case list():
            return list(map(plain, document))
        case _:
            return document


def agree(policy: Policy, items: Sequence[Object]) -> None:
    """The documents and the policy let the same through."""
    chosen = random.Random(0)
    for _ in range(60):
        subject, peer = chosen.choice(_SUBJECTS), chosen.choice(_ALL)
        direction, (protocol, port) = chosen.choice(list(Direction)), chosen.choice(_SERVICES)
        family = 6 if ":" in peer.address else 4
        if protocol == 1 and family == 6:
            continue
        flow = Flow(subject.party(), peer.party(), direction, family, protocol, port)
        for path in (None, *PATHS):
            request = OPAQUE if path is None else HttpRequest("GET", path)
            found = decide(policy, flow, request).verdict is Verdict.ALLOW
            wanted = allows(items, direction, subject, peer, protocol, port, path)
            assert found is wanted, (flow, path)


@given(objects())
@_SETTINGS
def test_objects_of_kubernetes(documents: list[dict[str, Any]]) -> None:
    policy = clean(yaml.safe_dump_all(documents))
    text, _ = export(policy, Kind.CILIUM)
    assume(text)
    assert text is not None
    items: list[Object] = []
    for one in yaml.safe_load_all(text):
        specs = one.get("specs") or [one["spec"]]
        items += [
            (one["kind"], one["metadata"].get("namespace", ""), plain(spec)) for spec in specs
        ]
    agree(policy, items)


@given(st.lists(rules(), min_size=1, max_size=3))
@_SETTINGS
def test_rules_of_json(documents: list[dict[str, Any]]) -> None:
    policy = clean(json.dumps(documents), "rules.json")
    text, _ = export(policy, Kind.CILIUM_JSON)
    assume(text)
    assert text is not None
    agree(policy, [("rule", "", plain(rule)) for rule in json.loads(text)])
