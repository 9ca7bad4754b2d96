"""Policies of other systems: what restricts traffic cannot be left out without a word.

Sources: the API references of Calico, Antrea, Istio, Linkerd, Consul, Kuma, OVN-Kubernetes, OpenShift, GKE, AWS
and the Multus project. Every other kind of their groups (pools, gateways, sets of addresses, settings) is left
out as workloads are.
"""

from cpc.compiler.imports.objects import Object

__all__ = ["is_named_a_policy", "restricts"]

_CALICO = ("NetworkPolicy", "GlobalNetworkPolicy", "HostEndpoint", "Profile")

_KINDS: dict[str, tuple[str, ...]] = {
    "projectcalico.org": _CALICO,
    "crd.projectcalico.org": _CALICO,
    "crd.antrea.io": ("NetworkPolicy", "ClusterNetworkPolicy"),
    "security.antrea.tanzu.vmware.com": ("NetworkPolicy", "ClusterNetworkPolicy"),
    "security.istio.io": ("AuthorizationPolicy",),
    "policy.linkerd.io": ("AuthorizationPolicy", "Server", "ServerAuthorization"),
    "consul.hashicorp.com": ("ServiceIntentions",),
    "kuma.io": ("MeshTrafficPermission", "TrafficPermission"),
    "k8s.ovn.org": ("EgressFirewall",),
    "network.openshift.io": ("EgressNetworkPolicy",),
    "k8s.cni.cncf.io": ("MultiNetworkPolicy",),
    "networking.gke.io": ("FQDNNetworkPolicy",),
    "networking.k8s.aws": ("ApplicationNetworkPolicy", "ClusterNetworkPolicy"),
    "vpcresources.k8s.aws": ("SecurityGroupPolicy",),
}
"""Kinds that say who may talk to whom, by group."""


def restricts(object: Object) -> bool:
    """Whether an object of another system is known to say who may talk to whom."""
    return object.kind in _KINDS.get(object.group, ())


def is_named_a_policy(object: Object) -> bool:
    """Whether an object of whatever group is called like a policy that is in force, not staged."""
    return object.kind.endswith("NetworkPolicy") and not object.kind.startswith("Staged")
