"""Clusters of any size, the same ones every time: pods, namespaces and NetworkPolicies as manifests."""

import random
from collections.abc import Iterator, Mapping, Sequence

import yaml
from msgspec import Struct

__all__ = ["Cluster", "cluster"]

_NAMESPACES = 10
_APPS = 10
_TIERS = ("web", "api", "db")

_Object = Mapping[str, object]


class Cluster(Struct, frozen=True):
    """Documents of YAML: who is there, and what is allowed."""

    namespaces: str
    pods: str
    policies: str


def cluster(policies: int, pods: int = 100, seed: int = 1) -> Cluster:
    """A cluster with so many policies, each about one application of a namespace, and so many pods."""
    chosen = random.Random(seed)
    return Cluster(
        _documents(_namespace(n) for n in range(_NAMESPACES)),
        _documents(_pod(n, chosen) for n in range(pods)),
        _documents(_policy(n, chosen) for n in range(policies)),
    )


def _documents(objects: Iterator[_Object]) -> str:
    return yaml.safe_dump_all(objects, sort_keys=False)


def _namespace(number: int) -> _Object:
    labels = {"kubernetes.io/metadata.name": f"ns{number}", "team": f"team{number % 3}"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": f"ns{number}", "labels": labels},
    }


def _pod(number: int, chosen: random.Random) -> _Object:
    labels = {"app": f"app{number // _NAMESPACES % _APPS}", "tier": chosen.choice(_TIERS)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod{number}",
            "namespace": f"ns{number % _NAMESPACES}",
            "labels": labels,
        },
        "spec": {"containers": [{"name": "main", "image": "main"}]},
        "status": {"podIP": f"10.0.{number >> 8}.{number & 255}", "hostIP": "192.168.0.1"},
    }


def _policy(number: int, chosen: random.Random) -> _Object:
    egress = chosen.random() < 0.3
    rules = [_rule(egress, chosen) for _ in range(chosen.choice((1, 1, 2, 3)))]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"policy{number}", "namespace": f"ns{number % _NAMESPACES}"},
        "spec": {
            "podSelector": {"matchLabels": {"app": f"app{chosen.randrange(_APPS)}"}},
            "policyTypes": ["Egress" if egress else "Ingress"],
            "egress" if egress else "ingress": rules,
        },
    }


def _rule(egress: bool, chosen: random.Random) -> _Object:
    peers = [_peer(chosen) for _ in range(chosen.choice((1, 1, 2)))]
    port = {"protocol": "TCP", "port": chosen.choice((80, 443, 5432, 8080, 9090))}
    ports: Sequence[_Object] = [port] if chosen.random() < 0.8 else [port, {"port": 9100}]
    return {"to" if egress else "from": peers, "ports": ports}


def _peer(chosen: random.Random) -> _Object:
    kind = chosen.random()
    pods = {"matchLabels": {"app": f"app{chosen.randrange(_APPS)}"}}
    if kind < 0.4:
        return {"podSelector": pods}
    if kind < 0.6:
        return {"namespaceSelector": {"matchLabels": {"team": f"team{chosen.randrange(3)}"}}}
    if kind < 0.8:
        expressions = [{"key": "tier", "operator": "In", "values": chosen.sample(_TIERS, 2)}]
        return {"namespaceSelector": {}, "podSelector": {"matchExpressions": expressions}}
    block = f"172.{chosen.randrange(16, 32)}.{chosen.randrange(256)}.0"
    return {"ipBlock": {"cidr": f"{block}/24", "except": [f"{block}/28"]}}
