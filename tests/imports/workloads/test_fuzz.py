"""Whatever stands where in a manifest: it is read, or refused with a place and help; nothing crashes."""

import copy
from collections.abc import Iterator

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.diagnostics import Severity
from cpc.compiler.documents.compose import documents
from cpc.compiler.documents.nodes import Mapping
from cpc.compiler.imports.objects import Object, objects
from cpc.compiler.imports.workloads.inventory import inventory_of
from cpc.compiler.imports.workloads.kinds import WORKLOADS, is_workload
from cpc.compiler.imports.workloads.reader import WorkloadReader
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.source import SourceFile
from cpc.runtime.inventories import inventory_from, inventory_json
from tests.imports.workloads.test_inventory import POD
from tests.imports.workloads.test_services import INGRESS, OLD_INGRESS, SERVICE, SLICE

OTHERS = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick, labels: {a: b}, ownerReferences: [{kind: X, name: y, controller: true}]}
spec:
  schedule: "* * * * *"
  jobTemplate:
    metadata: {}
    spec:
      template:
        metadata: {labels: {app: tick}}
        spec:
          hostNetwork: true
          initContainers: [{name: i, restartPolicy: Always, ports: [{containerPort: 1, name: a}]}]
          containers: [{name: i, ports: [{containerPort: 1, name: a, protocol: UDP}]}]
---
apiVersion: v1
kind: Node
metadata: {name: one, labels: {zone: a}}
spec: {podCIDR: 10.42.0.0/24, podCIDRs: [10.42.0.0/24]}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {env: prod}}
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: in}
spec: {port: {targetPort: 8080}, to: {kind: Service, name: web}, alternateBackends: [{name: b}]}
"""

TEXTS = (POD, SERVICE, SLICE, INGRESS, OLD_INGRESS, OTHERS)
OBJECTS = [found for text in TEXTS for found in yaml.safe_load_all(text) if found]

PLACES = tuple[str | int, ...]

VALUES: list[object] = [
    None,
    "",
    "x",
    "10.0.0.1",
    0,
    70000,
    -1,
    1.5,
    True,
    [],
    [None],
    {},
    {"a": 1},
]
VALUES += [[{}], [[]], {"name": "web"}, [{"name": "web"}], {"labels": []}, "2024-01-01", [1, "a"]]


def places(value: object, so_far: PLACES = ()) -> Iterator[PLACES]:
    """Every place below the top of an object."""
    if so_far:
        yield so_far
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*so_far, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*so_far, number))


@st.composite
def broken(draw: st.DrawFn) -> object:
    """An object with other values in one or two places."""
    found = copy.deepcopy(draw(st.sampled_from(OBJECTS)))
    for _ in range(draw(st.integers(1, 2))):
        wanted = draw(st.sampled_from(list(places(found))))
        if wanted in (("kind",), ("apiVersion",)):
            continue
        inner = found
        for key in wanted[:-1]:
            inner = inner[key]
        inner[wanted[-1]] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return found


@given(st.lists(broken(), min_size=1, max_size=3))
@settings(max_examples=300)
def test_anything_is_read_or_refused(manifests: list[object]) -> None:
    source = SourceFile("x.yaml", yaml.safe_dump_all(manifests))
    reader = WorkloadReader()
    given: list[Object] = []
    for document in documents(source):
        assert isinstance(document, Mapping)
        given += [o for o in objects(document, reader, True, WORKLOADS) if is_workload(o)]
    found = inventory_of(given, reader)
    assert all(d.span is not None and d.help for d in reader.diagnostics)
    if not any(d.severity is Severity.ERROR for d in reader.diagnostics):
        holds(found)


def holds(found: Inventory) -> None:
    """What an inventory promises."""
    names = [endpoint.name for endpoint in (*found.endpoints, *found.host_pods)]
    assert len(set(names)) == len(names)
    owned = [address for endpoint in found.endpoints for address in endpoint.addresses]
    assert len(set(owned)) == len(owned)
    assert inventory_from(inventory_json(found)) == found


def test_the_order_of_objects_does_not_matter() -> None:
    def read(texts: tuple[str, ...]) -> Inventory:
        reader = WorkloadReader()
        source = SourceFile("x.yaml", "\n---\n".join(texts))
        given: list[Object] = []
        for document in documents(source):
            assert isinstance(document, Mapping)
            given += objects(document, reader, True, WORKLOADS)
        return inventory_of(given, reader)

    texts = (POD, SERVICE, SLICE, INGRESS, OTHERS)
    assert read(texts) == read(texts[::-1])
