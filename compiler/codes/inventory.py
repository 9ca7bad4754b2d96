"""Pages of CPC7xx: inventories."""

from cpc.compiler.codes.page import Page

__all__ = ["INVENTORY"]

INVENTORY: tuple[Page, ...] = (
    Page(
        "CPC701",
        "an inventory or a manifest is not YAML",
        "The file does not parse as YAML. Strings that hold `: ` or start with a special "
        "character need quotes, and tabs cannot indent.",
        "cluster: [10.42.0.0/16",
        "cluster: [10.42.0.0/16]",
    ),
    Page(
        "CPC702",
        "a value has the wrong shape",
        "Another kind of value stands here than an inventory has: a list where a mapping belongs, or "
        "a number where a string does. YAML reads `true`, `5` and `2024-01-01` without quotes as a "
        "truth value, a number and a date.",
        "endpoints:\n  - name: web-1\n    labels: {canary: true}\n    addresses: [10.42.0.10]",
        'endpoints:\n  - name: web-1\n    labels: {canary: "true"}\n    addresses: [10.42.0.10]',
    ),
    Page(
        "CPC703",
        "an unknown key",
        "An inventory has no such key here. Keys that are not known are refused, since a mistyped one "
        "would otherwise be an endpoint without labels, or a range left out.",
        "clusters: [10.42.0.0/16]",
        "cluster: [10.42.0.0/16]",
    ),
    Page(
        "CPC704",
        "a key is given twice",
        "YAML forbids it, and readers that accept it keep one of the two without a word.",
        "cluster: [10.42.0.0/16]\ncluster: [10.43.0.0/16]",
        "cluster: [10.42.0.0/16, 10.43.0.0/16]",
    ),
    Page(
        "CPC705",
        "an address or range cannot be read",
        "Addresses are IPv4 or IPv6 without a prefix length or zone; the ranges of `cluster` are "
        "prefixes without bits after their length.",
        "cluster: [10.42.0.1/16]",
        "cluster: [10.42.0.0/16]",
    ),
    Page(
        "CPC706",
        "an address has two owners",
        "An address says who a packet is from, so it belongs to one endpoint or one entity. Only "
        "`kube-apiserver` may share the address of a `host` or `remote-node`.",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10]}\n  - {name: b, addresses: [10.42.0.10]}",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10]}\n  - {name: b, addresses: [10.42.0.11]}",
    ),
    Page(
        "CPC707",
        "two endpoints have one name",
        "Commands and events name endpoints, so a name is unique in its namespace.",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10]}\n  - {name: a, addresses: [10.42.0.11]}",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10, 10.42.0.11]}",
    ),
    Page(
        "CPC708",
        "an endpoint has too many addresses",
        "An endpoint's program holds its own addresses, to drop packets that claim another one as "
        "their source. It has room for 8 of each family.",
        "endpoints:\n  - name: a\n    addresses: [10.42.0.1, 10.42.0.2, 10.42.0.3, 10.42.0.4, "
        "10.42.0.5, 10.42.0.6, 10.42.0.7, 10.42.0.8, 10.42.0.9]",
        "endpoints:\n  - name: a\n    addresses: [10.42.0.1]",
    ),
    Page(
        "CPC709",
        "a label cannot be used",
        "Labels of workloads have the source `k8s` (where none is written), `mesos` or `container`. "
        "`reserved` and `cidr` are made by cpc itself, `any` stands for every source in a selector, "
        "and one key has one value.",
        "endpoints:\n  - name: a\n    labels: {'reserved:host': 'x'}\n    addresses: [10.42.0.10]",
        "entities: {host: [10.42.0.10]}",
    ),
    Page(
        "CPC710",
        "an endpoint lacks something",
        "An endpoint has a name and at least one address. Labels are optional: without any it is "
        "`init`, an endpoint whose labels are not known yet.",
        "endpoints:\n  - {name: a}",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10]}",
    ),
    Page(
        "CPC711",
        "a container port cannot be read",
        "`ports` maps a container port's name to its protocol and number. A name has up to 15 of a-z, "
        "0-9 and `-`, and a letter among them.",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10], ports: {http: 8080}}",
        "endpoints:\n  - {name: a, addresses: [10.42.0.10], ports: {http: tcp/8080}}",
    ),
    Page(
        "CPC712",
        "an endpoint that nothing isolates",
        "The policy has defaults, and none of them is about this endpoint: what no rule denies passes "
        "to it and from it. Often a label is misspelt, or the namespace is missing. Where policies of "
        "Kubernetes or Cilium are read this is not said: there it is usual.",
        "endpoints:\n  - {name: db, labels: {app: dv}, addresses: [10.42.0.30]}",
        "endpoints:\n  - {name: db, labels: {app: db}, addresses: [10.42.0.30]}",
    ),
    Page(
        "CPC720",
        "an unknown field of a workload",
        "Kubernetes has no such field, and drops it: what the field was meant to say is not said. A slip "
        "in `labels` or `hostNetwork` changes which policies are about the pods. Fields are those of "
        "Kubernetes 1.37; only parts that are read are looked at.",
        "metadata: {name: web, label: {app: web}}",
        "metadata: {name: web, labels: {app: web}}",
    ),
    Page(
        "CPC721",
        "nothing says who is there",
        "What is given with `--inventory` is an inventory of cpc's own, manifests of workloads (pods, "
        "deployments and the like, namespaces, nodes, services), or a folder of them. Here is none. "
        "Policies in such files are left out.",
        "cpc check policy.cil --inventory policy.yaml",
        "cpc check policy.cil policy.yaml --inventory deployment.yaml",
    ),
    Page(
        "CPC722",
        "a workload of an unknown version or kind",
        "Objects are known by group, version and kind together. This one looks like a workload, and "
        "would be left out: its pods would be strangers to every policy.",
        "apiVersion: v1\nkind: Deployment",
        "apiVersion: apps/v1\nkind: Deployment",
    ),
    Page(
        "CPC723",
        "a container port that cannot be used",
        "Kubernetes refuses a container port without `containerPort`, or with a name of other characters "
        "than a-z, 0-9 and `-`, of more than 15, or without a letter. Here it is left out: a policy that "
        "speaks of the port's name does not find it.",
        "ports: [{name: http}]",
        "ports: [{name: http, containerPort: 8080}]",
    ),
)
