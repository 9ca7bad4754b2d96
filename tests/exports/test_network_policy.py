"""Exported NetworkPolicies, read by Kubernetes' own rules, let through what the policy does.

The second reading (`tests/imports/kubernetes.py`) takes the documents as they are, and knows nothing of
importers.
"""

from ipaddress import ip_address

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.exports.export import export
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow
from cpc.compiler.policy.model import Direction
from cpc.compiler.policy.semantics import Verdict
from tests.imports.kubernetes import (
    Host,
    Pod,
    allowed,
    hosts,
    imported,
    manifests,
    network_policies,
    ports_of,
)
from tests.imports.test_network_policy import inventory_of
from tests.policy.resolving import clean


@settings(max_examples=60)
@given(documents=network_policies(), pods=manifests(), data=st.data())
def test_objects_let_through_what_the_policy_does(
    documents: list[dict[str, object]], pods: tuple[Pod, ...], data: st.DataObject
) -> None:
    policy = imported(documents, inventory_of(pods))
    text, said = export(policy, Kind.NETWORKPOLICY)
    assert text is not None and said == []
    objects = list(yaml.safe_load_all(text))
    parties: list[Pod | Host] = [*pods, *hosts()]
    traffic = st.tuples(
        st.sampled_from(Direction),
        st.sampled_from(pods),
        st.sampled_from(parties),
        st.sampled_from(ports_of(documents)),
    )
    for direction, subject, peer, (protocol, port) in data.draw(st.lists(traffic, min_size=40)):
        if subject == peer or (peer.address.version == 6 and protocol == 1):
            continue
        flow = Flow(subject.party(), peer.party(), direction, peer.address.version, protocol, port)
        let_through = decide(policy, flow).verdict is Verdict.ALLOW
        assert let_through is allowed(objects, direction, subject, peer, protocol, port), flow


def test_an_inventory_changes_no_object() -> None:
    text = (
        'policy shop namespace "shop" {\n'
        '  default deny ingress, egress for { "k8s:app" = "web" }\n'
        '  ingress allow world -> { "k8s:app" = "web" } tcp/"http", udp/53\n'
        '  egress allow { "k8s:app" = "web" } -> { "k8s:app" = "db" } tcp/"http"\n}'
    )
    inventory = inventory_of((Pod("web", "shop", (("app", "web"),), ADDRESS, PORTS),))
    plain, known = clean(text), clean(text, inventory=inventory)
    assert len(known.rules) > len(plain.rules)
    for kind in (Kind.NETWORKPOLICY, Kind.CILIUM):
        objects, said = export(plain, kind)
        assert objects is not None and "http" in objects and said == []
        assert export(known, kind) == (objects, [])


ADDRESS = ip_address("10.244.0.1")
PORTS = (("http", "TCP", 8080),)
