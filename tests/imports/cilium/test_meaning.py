"""What is imported from Cilium means what the documents say, for policies drawn at random."""

import json
from collections.abc import Sequence
from random import Random

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import OPAQUE, Flow, HttpRequest, Request
from cpc.compiler.policy.model import Direction, Policy
from cpc.compiler.policy.semantics import Verdict
from tests.imports.cilium.documents import (
    PATHS,
    Object,
    Someone,
    allows,
    everyone,
    is_about,
    objects,
    rules,
)
from tests.imports.reading import clean

_SETTINGS = settings(
    max_examples=80,
    suppress_health_check=list(HealthCheck),
    phases=tuple(p for p in Phase if p is not Phase.shrink),
)
_randoms = st.integers(0, 2**32).map(Random)
_FLOWS = 60
_SERVICES = ((6, 80), (6, 81), (6, 90), (6, 91), (17, 80), (132, 81), (1, 8 << 8), (1, 0), (47, 0))
_PODS = tuple(one for one in everyone() if one.labels)
_NOWHERE = tuple(one for one in everyone() if one.entity in ("init", "health"))
_OTHERS = tuple(one for one in everyone() if one not in (*_PODS, *_NOWHERE))
_SUBJECTS = (*_PODS, *_NOWHERE)


def _agree(policy: Policy, items: Sequence[Object], random: Random) -> None:
    """Both readings of flows, most of them of subjects that a rule is about."""
    known = [s for s in _SUBJECTS if any(is_about(item, s) for item in items)]
    for _ in range(_FLOWS):
        subject = random.choice(known or _SUBJECTS)
        peer = random.choice(random.choice((_PODS, _PODS[-1:], _NOWHERE, _OTHERS)))
        protocol, port = random.choice(_SERVICES)
        direction = random.choice(tuple(Direction))
        family = 6 if ":" in peer.address else 4
        if protocol == 1 and family == 6:
            continue
        flow = Flow(subject.party(), peer.party(), direction, family, protocol, port)
        _agree_on(policy, items, flow, subject, peer)


def _agree_on(
    policy: Policy, items: Sequence[Object], flow: Flow, subject: Someone, peer: Someone
) -> None:
    for path in (None, *PATHS):
        expected = allows(items, flow.direction, subject, peer, flow.protocol, flow.port, path)
        request: Request = OPAQUE if path is None else HttpRequest("GET", path)
        found = decide(policy, flow, request).verdict
        assert (found is Verdict.ALLOW) == expected, (flow, path, items)


@given(objects(), _randoms)
@_SETTINGS
def test_objects_of_kubernetes(documents: list[dict[str, object]], random: Random) -> None:
    items: list[Object] = []
    for document in documents:
        metadata = document["metadata"]
        assert isinstance(metadata, dict)
        specs = [document["spec"]] if "spec" in document else document["specs"]
        assert isinstance(specs, list)
        kind = str(document["kind"])
        items += [(kind, metadata.get("namespace", ""), spec) for spec in specs]
    _agree(clean(yaml.safe_dump_all(documents)), items, random)


@given(st.lists(rules(), min_size=1, max_size=3), _randoms)
@_SETTINGS
def test_rules_of_json(documents: list[dict[str, object]], random: Random) -> None:
    items: list[Object] = [("rule", "", rule) for rule in documents]
    _agree(clean(json.dumps(documents), "rules.json"), items, random)
