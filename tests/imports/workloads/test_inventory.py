"""Workloads as endpoints: their labels, ports, addresses and owners; namespaces and nodes."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.imports.inventories import read_inventory
from cpc.compiler.policy.inventory import ClusterNamespace, ClusterNode, Endpoint, Inventory
from cpc.compiler.policy.model import Entity


def read(tmp_path: Path, text: str) -> tuple[Inventory | None, Diagnostics]:
    """What a file of manifests says."""
    path = tmp_path / "manifests.yaml"
    path.write_text(text)
    return read_inventory([str(path)], {})


def clean(tmp_path: Path, text: str) -> Inventory:
    """The inventory of manifests about which there is nothing to say."""
    found, problems = read(tmp_path, text)
    assert problems == [] and found is not None, problems
    return found


def labels(endpoint: Endpoint) -> dict[str, str]:
    assert all(label.source == "k8s" for label in endpoint.labels)
    assert list(endpoint.labels) == sorted(endpoint.labels)
    return {label.key: label.value for label in endpoint.labels}


POD = """
apiVersion: v1
kind: Pod
metadata:
  name: web-1
  namespace: shop
  labels: {app: web, io.cilium.k8s.policy.serviceaccount: root, empty: ""}
spec:
  serviceAccountName: shopper
  containers: [{name: web, image: nginx}]
status: {phase: Running, podIP: 10.42.0.10, podIPs: [{ip: 10.42.0.10}, {ip: "fd00::10"}], hostIP: 192.0.2.7}
"""


def test_a_pod_has_the_labels_that_cilium_gives_it(tmp_path: Path) -> None:
    namespace = """
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {env: prod, kubernetes.io/metadata.name: other}}
"""
    found = clean(tmp_path, POD + namespace)
    [web] = found.endpoints
    assert labels(web) == {
        "app": "web",
        "empty": "",
        "io.kubernetes.pod.namespace": "shop",
        "io.cilium.k8s.namespace.labels.env": "prod",
        "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": "shop",
        "io.cilium.k8s.policy.serviceaccount": "shopper",
        "io.cilium.k8s.policy.cluster": "default",
    }
    assert web.addresses == (ip_address("10.42.0.10"), ip_address("fd00::10"))
    assert (web.name, web.owner, web.interface) == ("shop/web-1", "shop/web-1[Pod]", None)
    assert found.namespaces == (
        ClusterNamespace("shop", (("env", "prod"), ("kubernetes.io/metadata.name", "shop"))),
    )


def test_a_pod_knows_the_address_of_its_node(tmp_path: Path) -> None:
    assert clean(tmp_path, POD).party_of(ip_address("192.0.2.7")).entities == {Entity.REMOTE_NODE}


def test_a_namespace_need_not_be_described(tmp_path: Path) -> None:
    found = clean(tmp_path, "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}")
    assert found.namespaces == (
        ClusterNamespace("default", (("kubernetes.io/metadata.name", "default"),)),
    )
    assert labels(found.endpoints[0])["io.kubernetes.pod.namespace"] == "default"
    assert labels(found.endpoints[0])["io.cilium.k8s.policy.serviceaccount"] == "default"


TEMPLATE = "template: {metadata: {labels: {app: web}}, spec: {containers: []}}"


@pytest.mark.parametrize(
    ("version", "kind", "spec"),
    [
        ("apps/v1", "Deployment", f"{{replicas: 0, selector: {{}}, {TEMPLATE}}}"),
        ("apps/v1", "StatefulSet", f"{{serviceName: web, {TEMPLATE}}}"),
        ("apps/v1", "DaemonSet", f"{{{TEMPLATE}}}"),
        ("apps/v1", "ReplicaSet", f"{{{TEMPLATE}}}"),
        ("v1", "ReplicationController", f"{{{TEMPLATE}}}"),
        ("batch/v1", "Job", f"{{backoffLimit: 3, {TEMPLATE}}}"),
        (
            "batch/v1",
            "CronJob",
            f'{{schedule: "* * * * *", jobTemplate: {{spec: {{{TEMPLATE}}}}}}}',
        ),
        ("apps.openshift.io/v1", "DeploymentConfig", f"{{{TEMPLATE}}}"),
        ("extensions/v1beta1", "Deployment", f"{{{TEMPLATE}}}"),
    ],
)
def test_a_template_is_an_endpoint(tmp_path: Path, version: str, kind: str, spec: str) -> None:
    text = f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: web}}, spec: {spec}}}"
    [found] = clean(tmp_path, text).endpoints
    assert (found.name, found.owner) == ("default/web", f"default/web[{kind}]")
    assert labels(found)["app"] == "web" and found.addresses == ()


def object_of(kind: str, name: str, owner: str = "", more: str = "", status: str = "{}") -> str:
    """A workload; `owner` is the kind and name of what controls it."""
    owners = ""
    if owner:
        controller, called = owner.split()
        head = f"{{controller: true, kind: {controller}, name: {called}}}"
        owners = f"{{kind: Other, name: x}}, {head}"
    metadata = f"{{name: {name}, ownerReferences: [{owners}]}}"
    inner = TEMPLATE if kind != "Pod" else "containers: []"
    version = "v1" if kind == "Pod" else "batch/v1" if "Job" in kind else "apps/v1"
    return (
        f"---\n{{apiVersion: {version}, kind: {kind}, metadata: {metadata}, "
        f"spec: {{{inner}{more}}}, status: {status}}}\n"
    )


def names(found: Inventory) -> list[tuple[str, str]]:
    return [(endpoint.name, endpoint.owner) for endpoint in found.endpoints]


def test_pods_are_listed_under_what_controls_them(tmp_path: Path) -> None:
    pods = [object_of("Pod", f"web-1-{n}", "ReplicaSet web-1") for n in "ab"]
    alone = clean(tmp_path, "".join(pods))
    assert names(alone) == [(f"default/web-1-{n}", "default/web-1[ReplicaSet]") for n in "ab"]
    replicas = object_of("ReplicaSet", "web-1", "Deployment web")
    old = object_of("ReplicaSet", "web-0", "Deployment web", ", replicas: 0")
    known = clean(tmp_path, "".join([*pods, replicas, old]))
    assert names(known) == [(f"default/web-1-{n}", "default/web[Deployment]") for n in "ab"]
    everything = clean(tmp_path, "".join([object_of("Deployment", "web"), replicas, old, *pods]))
    assert names(everything) == names(known)


def test_a_template_stands_for_pods_that_are_not_there(tmp_path: Path) -> None:
    replicas = object_of("ReplicaSet", "web-1", "Deployment web")
    assert names(clean(tmp_path, replicas)) == [("default/web-1", "default/web[Deployment]")]
    both = clean(tmp_path, object_of("Deployment", "web") + replicas)
    assert names(both) == [("default/web", "default/web[Deployment]")]


def test_owners_that_own_each_other_do_no_harm(tmp_path: Path) -> None:
    ring = object_of("ReplicaSet", "a", "ReplicaSet b") + object_of(
        "ReplicaSet", "b", "ReplicaSet a"
    )
    assert names(clean(tmp_path, ring + object_of("Pod", "p", "ReplicaSet a"))) == [
        ("default/p", "default/b[ReplicaSet]")
    ]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pods_that_are_over_are_left_out(tmp_path: Path, phase: str) -> None:
    status = f"{{phase: {phase}, podIP: 10.0.0.1}}"
    text = object_of("Pod", "alone", status=status)
    text += object_of("Pod", "old-1", "ReplicaSet old", status=status)
    running = object_of("Pod", "web", status="{phase: Running, podIP: 10.0.0.1}")
    assert names(clean(tmp_path, text + running)) == [("default/web", "default/web[Pod]")]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_job_is_there_when_its_pods_are_over(tmp_path: Path, phase: str) -> None:
    status = f"{{phase: {phase}, podIP: 10.0.0.1, hostIP: 192.0.2.1}}"
    text = object_of("Job", "once") + object_of("Pod", "once-1", "Job once", status=status)
    running = object_of("Pod", "web", status="{phase: Running, podIP: 10.0.0.1}")
    found = clean(tmp_path, text + running)
    assert names(found) == [
        ("default/once-1", "default/once[Job]"),
        ("default/web", "default/web[Pod]"),
    ]
    assert [str(a) for e in found.endpoints for a in e.addresses] == ["10.0.0.1"]


def test_a_pod_that_a_node_runs_by_itself_is_listed_alone(tmp_path: Path) -> None:
    text = object_of("Pod", "etcd-one", "Node one") + object_of("Pod", "dns-one", "Node one")
    assert names(clean(tmp_path, text)) == [
        ("default/dns-one", "default/dns-one[Pod]"),
        ("default/etcd-one", "default/etcd-one[Pod]"),
    ]


def test_an_owner_without_a_kind_is_listed_as_a_pod(tmp_path: Path) -> None:
    owned = "ownerReferences: [{name: web, controller: true}]"
    pod = f"---\n{{apiVersion: v1, kind: Pod, metadata: {{name: NAME, {owned}}}, spec: {{}}}}\n"
    found = clean(tmp_path, pod.replace("NAME", "a") + pod.replace("NAME", "b"))
    assert names(found) == [("default/a", "default/web[Pod]"), ("default/b", "default/web[Pod]")]


def test_names_that_a_cluster_makes_are_told_apart(tmp_path: Path) -> None:
    pod = "---\n{apiVersion: v1, kind: Pod, metadata: {generateName: p-}, spec: {}}\n"
    job = (
        "---\n{apiVersion: batch/v1, kind: Job, metadata: {generateName: p-},"
        f" spec: {{{TEMPLATE}}}}}\n"
    )
    assert names(clean(tmp_path, pod * 2 + job)) == [
        ("default/p--2", "default/p--2[Pod]"),
        ("default/p-[Job]", "default/p-[Job]"),
        ("default/p-[Pod]", "default/p-[Pod]"),
    ]


def test_a_pod_on_the_network_of_its_node_is_the_node(tmp_path: Path) -> None:
    status = "{podIP: 192.0.2.1, hostIP: 192.0.2.1}"
    text = object_of("Pod", "agent-a", "DaemonSet agent", ", hostNetwork: true", status)
    found = clean(tmp_path, text)
    assert found.endpoints == () and found.entities == (
        (Entity.REMOTE_NODE, (ip_address("192.0.2.1"),)),
    )
    [pod] = found.host_pods
    assert (pod.name, pod.owner, pod.addresses) == (
        "default/agent-a",
        "default/agent[DaemonSet]",
        (),
    )
    assert names(found.with_host_pods()) == [("default/agent-a", "default/agent[DaemonSet]")]


def test_workloads_of_one_name_are_told_apart_by_kind(tmp_path: Path) -> None:
    text = object_of("Deployment", "web") + object_of("StatefulSet", "web") + object_of("Job", "a")
    assert [e.name for e in clean(tmp_path, text).endpoints] == [
        "default/a",
        "default/web[Deployment]",
        "default/web[StatefulSet]",
    ]
    unnamed = "---\n{apiVersion: v1, kind: Pod, metadata: {generateName: p-}, spec: {}}\n"
    assert [e.name for e in clean(tmp_path, unnamed * 2).endpoints] == [
        "default/p-",
        "default/p--2",
    ]


def test_named_ports_are_those_that_kubernetes_finds(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  initContainers:
    - {name: once, ports: [{name: init, containerPort: 1}]}
    - {name: beside, restartPolicy: Always, ports: [{name: proxy, containerPort: 2}, {name: http, containerPort: 3}]}
  containers:
    - name: a
      ports:
        - {name: http, containerPort: 8080}
        - {name: dns, containerPort: 53, protocol: UDP}
        - {name: dns, containerPort: 5353, protocol: TCP}
        - {containerPort: 9}
    - {name: b, ports: [{name: http, containerPort: 8081}, {name: call, containerPort: 7, protocol: SCTP}]}
"""
    [web] = clean(tmp_path, text).endpoints
    assert web.ports == (
        ("call", 132, 7),
        ("dns", 6, 5353),
        ("dns", 17, 53),
        ("http", 6, 8080),
        ("proxy", 6, 2),
    )
    tcp = ((6, number) for number in (2, 3, 9, 5353, 8080, 8081))
    assert web.declared == (*tcp, (17, 53), (132, 7))


def test_nodes_are_remote_and_have_ranges(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: Node
metadata: {name: one, labels: {zone: a}}
spec: {podCIDR: 10.42.0.0/24, podCIDRs: [10.42.0.0/24, "fd00:42::/64"], providerID: x}
status:
  addresses:
    - {type: InternalIP, address: 192.0.2.1}
    - {type: ExternalIP, address: 203.0.113.1}
    - {type: Hostname, address: one}
"""
    found = clean(tmp_path, text)
    addresses = (ip_address("192.0.2.1"), ip_address("203.0.113.1"))
    assert found.nodes == (ClusterNode("one", (("zone", "a"),), addresses),)
    assert found.entities == ((Entity.REMOTE_NODE, addresses),)
    assert found.cluster == (ip_network("10.42.0.0/24"), ip_network("fd00:42::/64"))


def test_what_kubectl_prints_has_nothing_to_say_about(tmp_path: Path) -> None:
    text = """
apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    annotations: {kubectl.kubernetes.io/restartedAt: "2024-01-01T00:00:00Z"}
    creationTimestamp: "2024-01-01T00:00:00Z"
    generateName: web-1-
    labels: {app: web, pod-template-hash: "1"}
    managedFields:
    - {apiVersion: v1, fieldsType: FieldsV1, fieldsV1: {"f:metadata": {"f:labels": {}}}, manager: kubelet}
    name: web-1-a
    namespace: shop
    ownerReferences:
    - {apiVersion: apps/v1, blockOwnerDeletion: true, controller: true, kind: ReplicaSet, name: web-1, uid: u}
    resourceVersion: "1"
    uid: u
  spec:
    containers:
    - image: nginx
      name: web
      ports: [{containerPort: 80, name: http, protocol: TCP}]
      resources: {limits: {cpu: 100m}}
      terminationMessagePath: /dev/termination-log
      volumeMounts: [{mountPath: /x, name: y, readOnly: true}]
    dnsPolicy: ClusterFirst
    enableServiceLinks: true
    nodeName: one
    preemptionPolicy: PreemptLowerPriority
    priority: 0
    restartPolicy: Always
    schedulerName: default-scheduler
    securityContext: {}
    serviceAccount: default
    serviceAccountName: default
    tolerations: [{effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists}]
    volumes: [{name: y, projected: {defaultMode: 420}}]
  status:
    conditions: [{lastProbeTime: null, status: "True", type: Ready}]
    containerStatuses: [{containerID: x, ready: true, restartCount: 0}]
    hostIP: 192.0.2.1
    hostIPs: [{ip: 192.0.2.1}]
    phase: Running
    podIP: 10.42.0.5
    podIPs: [{ip: 10.42.0.5}]
    qosClass: BestEffort
    startTime: "2024-01-01T00:00:00Z"
kind: List
metadata: {resourceVersion: ""}
"""
    [web] = clean(tmp_path, text).endpoints
    assert (web.name, web.owner) == ("shop/web-1-a", "shop/web-1[ReplicaSet]")
    assert web.ports == (("http", 6, 80),)


def test_fields_of_nothing_are_absent(tmp_path: Path) -> None:
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: null, labels: null, annotations: ~}
spec:
  template: {metadata: {labels: ~}, spec: {containers: ~, hostNetwork: , serviceAccountName: ""}}
status:
"""
    [web] = clean(tmp_path, text).endpoints
    assert web.name == "default/web"


@pytest.mark.parametrize(
    ("place", "field", "near"),
    [
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a, label: {}}, spec: {}}",
            "label",
            "labels",
        ),
        ("{apiVersion: v1, kind: Pod, metadata: {name: a}, specs: {}}", "specs", "spec"),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostnetwork: true}}",
            "hostnetwork",
            "hostNetwork",
        ),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{port: []}]}}",
            "port",
            "ports",
        ),
        (
            "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: a}, spec: {replica: 1, template: {}}}",
            "replica",
            "replicas",
        ),
    ],
)
def test_slips_are_warnings(tmp_path: Path, place: str, field: str, near: str) -> None:
    found, [problem] = read(tmp_path, place)
    assert found is not None and problem.code == "CPC720"
    assert f"`{field}`" in problem.message and problem.help == (f"did you mean `{near}`?",)


def test_below_what_is_read_everything_is_allowed(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {affinity: {anything: [1]}, containers: [{resources: {limit: x}, livenessProbe: 5}], volumes: no}
status: {anything: {}}
"""
    assert clean(tmp_path, text).endpoints
