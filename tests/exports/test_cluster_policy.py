"""Exported cluster-wide policies, read by their API, decide what the policy does.

The second reading (`tests/imports/cluster_policy/reference.py`) takes the documents as they are, and knows
nothing of importers. Kubernetes leaves open which of two objects of one priority decides: the reading
takes deny before allow, and then the other way round.
"""

import random
from ipaddress import ip_address
from itertools import product

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cpc.compiler.exports.export import export
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Label, Party
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import Direction, Entity
from tests.exports.strategies import policies
from tests.imports.cluster_policy.reference import Connection, End, verdict
from tests.policy.term_strategies import NETWORKS

_SPACES = {"one": {"env": "prod"}, "two": {}, "three": {"env": "test"}}
_VALUES = (None, "a", "b", "")


def _pods() -> list[End]:
    found = []
    for number, (space, app, env) in enumerate(product(_SPACES, _VALUES, _VALUES)):
        labels = {k: v for k, v in (("app", app), ("env", env), ("a.io/b", app)) if v is not None}
        around = {**_SPACES[space], "kubernetes.io/metadata.name": space}
        found.append(End("pod", f"10.9.8.{number + 100}", labels, around))
    return found


PODS = _pods()
ENDS = [
    *PODS,
    End("node", "192.168.0.1", {}, {}),
    *(End("address", str(a), {}, {}) for n in NETWORKS for a in (n[0], n[-1])),
]


def party(end: End) -> Party:
    """As `decide` takes it."""
    labels = {Label("k8s", key, value) for key, value in end.labels.items()}
    for key, value in end.space.items():
        name = NAMESPACE_KEY if key == "kubernetes.io/metadata.name" else NAMESPACE_LABELS + key
        labels.add(Label("k8s", name, value))
    facts = {"node": {Entity.REMOTE_NODE}, "address": {Entity.WORLD}}.get(end.kind, set())
    address = ip_address(end.address)
    pod = end.kind == "pod"
    return Party(
        end.address, pod, frozenset(labels) if pod else frozenset(), frozenset(facts), address
    )


PARTIES = {end.address: party(end) for end in ENDS}
_SERVICES = tuple(product(("TCP", "UDP", "SCTP"), (1, 79, 80, 81, 443, 8080, 65535)))
_NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}


@pytest.mark.parametrize("kind", [Kind.CLUSTER, Kind.ADMIN])
@settings(max_examples=80)
@given(data=st.data())
def test_objects_decide_what_the_policy_does(kind: Kind, data: st.DataObject) -> None:
    policy = data.draw(policies(kind))
    text, _ = export(policy, kind)
    assume(text is not None)
    assert text is not None
    objects = list(yaml.safe_load_all(text))
    chosen = random.Random(0)
    for _ in range(100):
        direction, (protocol, port) = chosen.choice(list(Direction)), chosen.choice(_SERVICES)
        subject, peer = chosen.choice(PODS), chosen.choice(ENDS)
        if subject is peer:
            continue
        family = ip_address(peer.address).version
        flow = Flow(
            PARTIES[subject.address],
            PARTIES[peer.address],
            direction,
            family,
            _NUMBERS[protocol],
            port,
        )
        wanted = decide(policy, flow).verdict
        connection = Connection(str(direction), subject, peer, protocol, port)
        assert verdict(objects, connection) == wanted, flow
        assert verdict(_apart(objects), connection) == wanted, flow


def _apart(objects: list[dict[str, object]]) -> list[dict[str, object]]:
    """The objects with priorities of their own, those of one priority in the opposite order."""
    found = []
    for number, one in enumerate(reversed(objects)):
        spec = one["spec"]
        assert isinstance(spec, dict)
        priority = 1000 * spec.get("priority", 0) + number
        found.append({**one, "spec": {**spec, "priority": priority}})
    return found
