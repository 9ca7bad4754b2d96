"""Cluster policies that are read to list what workloads may do."""

import pytest

from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.source import SourceFile

POLICY = """
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: shop}
spec:
  priority: 10
  subject: {namespaces: {}}
  egress:
    - {action: Deny, to: [{nodes: {matchLabels: {disk: ssd}}}]}
    - {action: Deny, to: [{networks: [192.0.2.0/24]}]}
"""


@pytest.mark.parametrize(
    ("inventory", "for_workloads", "codes"),
    [
        (Inventory(), True, ["CPC832"]),
        (Inventory(), False, ["CPC809"]),
        (None, True, ["CPC809"]),
    ],
)
def test_nodes_need_not_be_known(
    inventory: Inventory | None, for_workloads: bool, codes: list[str]
) -> None:
    manifests, said = read_manifests(SourceFile("policy.yaml", POLICY), True)
    _, found = import_units([manifests], inventory, for_workloads)
    assert said == [] and [d.code for d in found] == codes
