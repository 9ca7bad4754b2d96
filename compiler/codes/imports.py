"""Pages of CPC80x and CPC81x: objects of Kubernetes and Cilium that are read as policies."""

from cpc.compiler.codes.page import Page

__all__ = ["IMPORTS"]

_POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
"""

IMPORTS: tuple[Page, ...] = (
    Page(
        "CPC801",
        "a document is no object",
        "A YAML or JSON file on the command line holds objects of Kubernetes, each with `apiVersion`, "
        "`kind` and `metadata`, or rules of Cilium's JSON. Documents of other kinds are left out where "
        "a folder is given, unless they are nearly a policy, and are an error where the file is named.",
        "kind: NetworkPolicy\nmetadata: {name: web}",
        _POLICY,
    ),
    Page(
        "CPC802",
        "an unknown field of metadata",
        "Kubernetes drops fields of `metadata` that it does not know. They say nothing about the policy, "
        "so this is a warning; a field that is near to a known one is an error (CPC703).",
        "metadata: {name: web, description: the shop}",
        "metadata: {name: web, annotations: {description: the shop}}",
    ),
    Page(
        "CPC803",
        "an object is given twice",
        "A cluster has one object of a kind, namespace and name: the second one would replace the "
        "first, and which one that is depends on the order in which files are applied.",
        _POLICY + "---\n" + _POLICY,
        _POLICY + "---\n" + _POLICY.replace("name: web", "name: web-2"),
    ),
    Page(
        "CPC804",
        "a field's value cannot be used",
        "The value is of the right type, and is none that the field takes: the API server would refuse "
        "it, or the object would mean something else than it says.",
        "ports: [{protocol: tcp, port: 80}]",
        "ports: [{protocol: TCP, port: 80}]",
    ),
    Page(
        "CPC805",
        "a NetworkPolicy without spec",
        "Kubernetes takes a missing `spec` for an empty one: the policy selects every pod of its "
        "namespace and isolates it from everyone. That is rarely meant.",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}",
        _POLICY,
    ),
    Page(
        "CPC806",
        "a section without effect",
        "`policyTypes` says which directions a NetworkPolicy is about. Rules of a direction that it "
        "does not name are read by nobody.",
        "policyTypes: [Ingress]\negress: [{ports: [{port: 53, protocol: UDP}]}]",
        "policyTypes: [Ingress, Egress]\negress: [{ports: [{port: 53, protocol: UDP}]}]",
    ),
    Page(
        "CPC807",
        "a CIDR with bits after its prefix",
        "Kubernetes accepts it and drops those bits. What is meant may be the one address, or the "
        "whole network.",
        "ipBlock: {cidr: 10.0.0.1/16}",
        "ipBlock: {cidr: 10.0.0.0/16}",
    ),
    Page(
        "CPC808",
        "an object of another version or group",
        "Objects are known by group, version and kind together. What an object of this kind means in "
        "another version is not known here.",
        "apiVersion: extensions/v1beta1\nkind: NetworkPolicy",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy",
    ),
    Page(
        "CPC809",
        "a policy that cannot be imported",
        "The object is about who may talk to whom, and this version cannot say what it means: the "
        "message names what is missing. It is an error, since a policy without one of its parts is "
        "another policy.",
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy",
        _POLICY,
    ),
    Page(
        "CPC810",
        "a file holds no policy",
        "The file was named as a policy, and all its objects are workloads or say nothing about "
        "traffic. A policy without rules would allow everything.",
        "cpc check deployment.yaml",
        "cpc check policy.yaml --inventory deployment.yaml",
    ),
    Page(
        "CPC830",
        "a rule of a cluster policy fails closed",
        "A peer or port of the rule has no field that is known here, so that it may be of a later "
        "version of the API. The API says what to do then: an allow is taken to match no traffic, and a "
        "deny or pass to deny everything, whatever else the rule says.",
        "ingress: [{action: Deny, from: [{serviceAccounts: {}}]}]",
        "ingress: [{action: Deny, from: [{namespaces: {}}]}]",
    ),
    Page(
        "CPC831",
        "a namespace on a cluster policy",
        "The object is about the whole cluster. Kubernetes drops the namespace in its metadata, which "
        "narrows nothing.",
        "kind: AdminNetworkPolicy\nmetadata: {name: shop, namespace: shop}",
        "kind: AdminNetworkPolicy\nmetadata: {name: shop}\nspec:\n  subject:\n    namespaces: "
        "{matchLabels: {kubernetes.io/metadata.name: shop}}",
    ),
    Page(
        "CPC832",
        "a peer selects nobody of the inventory",
        "The peer speaks of labels of Nodes, or of namespaces with the same labels, and the inventory "
        "has none with them. It matches nothing, and nothing is denied or allowed by it.",
        "nodes: {matchLabels: {kubernetes.io/os: linus}}",
        "nodes: {matchLabels: {kubernetes.io/os: linux}}",
    ),
    Page(
        "CPC833",
        "a policy that the API server refuses",
        "What is meant can be told, and so it is read, but no cluster takes it. Names have small letters, digits, "
        "`-` and `.` only. In an AdminNetworkPolicy and a "
        "BaselineAdminNetworkPolicy `pods` has both selectors, in a ClusterNetworkPolicy it has `podSelector`: one "
        "that is missing takes all. Networks and nodes have no container ports, so that a port by name "
        "matches nothing there.",
        "from: [{pods: {namespaceSelector: {matchLabels: {team: shop}}}}]",
        "from: [{pods: {namespaceSelector: {matchLabels: {team: shop}}, podSelector: {}}}]",
    ),
)
