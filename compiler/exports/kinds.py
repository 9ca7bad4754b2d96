"""What a policy can be exported as."""

from enum import StrEnum

__all__ = ["Kind", "shown"]


class Kind(StrEnum):
    """A kind of objects; `auto` picks for each policy the least that can say it."""

    AUTO = "auto"
    NETWORKPOLICY = "networkpolicy"
    ADMIN = "admin"
    CLUSTER = "cluster"
    CILIUM = "cilium"
    CILIUM_JSON = "cilium-json"


_SHOWN = {
    Kind.AUTO: "an exported object",
    Kind.NETWORKPOLICY: "a NetworkPolicy",
    Kind.ADMIN: "an AdminNetworkPolicy",
    Kind.CLUSTER: "a ClusterNetworkPolicy",
    Kind.CILIUM: "a Cilium policy",
    Kind.CILIUM_JSON: "a Cilium rule",
}


def shown(kind: Kind) -> str:
    """An object of the kind in a message, with its article."""
    return _SHOWN[kind]
