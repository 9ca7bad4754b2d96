"""What `--inventory` takes: inventories, manifests, folders, and several of them."""

import json
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from cpc.compiler.imports.inventories import read_inventory
from cpc.compiler.pipeline import Options, front
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Entity
from cpc.compiler.timings import Timings

NATIVE = """
cluster: [10.42.0.0/16]
entities: {host: [192.0.2.1]}
endpoints:
  - {name: db, namespace: shop, labels: {app: db}, addresses: [10.42.0.2]}
"""

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: a, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.42.0.3, hostIP: 192.0.2.2}
"""

NODES = """
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Node, metadata: {name: a}, status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}}
  - {apiVersion: v1, kind: Node, metadata: {name: b}, status: {addresses: [{type: InternalIP, address: 192.0.2.2}]}}
"""

POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]
"""


def written(folder: Path, **texts: str) -> list[str]:
    """Paths of files with these texts."""
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return [str(folder / f"{name}.yaml") for name in texts]


def both(found: Inventory) -> None:
    assert [e.name for e in found.endpoints] == ["shop/db", "shop/web"]
    assert found.cluster == (ip_network("10.42.0.0/16"),)
    assert found.party_of(ip_address("192.0.2.1")).entities == {Entity.HOST}
    assert found.party_of(ip_address("192.0.2.2")).entities == {Entity.REMOTE_NODE}
    assert [node.name for node in found.nodes] == ["a", "b"]


def test_several_files_are_one_inventory(tmp_path: Path) -> None:
    paths = written(tmp_path, nodes=NODES, pod=POD, native=NATIVE)
    found, problems = read_inventory([*paths, paths[0]], {})
    assert problems == [] and found is not None
    both(found)


def test_a_folder_is_all_that_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    written(tmp_path, native=NATIVE, policy=POLICY, other="a: b", values="x: [1]\n---\n- y\n")
    written(tmp_path / "below", pod=POD)
    nodes = [json.loads(json.dumps({"kind": "ConfigMap", "apiVersion": "v1"}))]
    (tmp_path / "x.json").write_text(json.dumps(nodes))
    (tmp_path / "notes.txt").write_text("{")
    found, problems = read_inventory([str(tmp_path), *written(tmp_path, nodes=NODES)], {})
    assert problems == [] and found is not None
    both(found)


@pytest.mark.parametrize("text", [POLICY, "a: b", "{apiVersion: v1, kind: Secret}"])
def test_a_folder_of_nobody(tmp_path: Path, text: str) -> None:
    written(tmp_path, one=text)
    found, [problem] = read_inventory([str(tmp_path)], {})
    assert found is None and problem.code == "CPC721" and problem.help


def test_addresses_and_names_belong_to_one_file(tmp_path: Path) -> None:
    again = POD.replace("name: web", "name: db").replace("10.42.0.3", "10.42.0.2")
    found, problems = read_inventory(written(tmp_path, pod=again, native=NATIVE), {})
    assert found is None and [p.code for p in problems] == ["CPC707", "CPC706"]
    for problem in problems:
        assert problem.span is not None and problem.span.file.endswith("pod.yaml")
        assert problem.labels[0].span.file.endswith("native.yaml")


def checked(paths: list[str], options: Options) -> tuple[list[str], Inventory | None]:
    read = front(paths, options, Timings())
    return [d.code for d in read.diagnostics], read.inventory


def test_policies_see_manifests(tmp_path: Path) -> None:
    pod, policy = written(tmp_path, pod=POD, policy=POLICY)
    codes, found = checked([policy], Options(inventory=(pod,)))
    assert codes == [] and found is not None and found.endpoints[0].name == "shop/web"


def test_workloads_among_policies_are_the_inventory_where_asked_for(tmp_path: Path) -> None:
    written(tmp_path, pod=POD, policy=POLICY)
    assert checked([str(tmp_path)], Options())[1] is None
    codes, found = checked([str(tmp_path)], Options(everyone=True))
    assert codes == [] and found is not None and found.endpoints[0].name == "shop/web"
    codes, found = checked([*written(tmp_path, pod=POD)], Options(everyone=True))
    assert codes == [] and found is not None, "workloads alone do"
    codes, found = checked([*written(tmp_path, policy=POLICY)], Options(everyone=True))
    assert found is None


def test_what_is_given_wins_over_what_is_among_policies(tmp_path: Path) -> None:
    written(tmp_path, pod=POD, policy=POLICY)
    other = tmp_path / "other"
    other.mkdir()
    given = written(other, native=NATIVE)
    _, found = checked([str(tmp_path / "pod.yaml")], Options(inventory=tuple(given), everyone=True))
    assert found is not None and [e.name for e in found.endpoints] == ["shop/db"]
