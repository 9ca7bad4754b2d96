"""Conjunctions as NetworkPolicy and its kin select: pods by their labels in namespaces by theirs."""

from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.exports.conjunctions import Atom, Conjunction, Operator
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document, conjunctions, label_selector
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, NAMESPACE_NAME
from cpc.compiler.policy.model import (
    EndpointTerm,
    Entity,
    EntityTerm,
    LabelKey,
    Origin,
    Term,
)

__all__ = ["EVERY_POD", "Pods", "pods_of"]

EVERY_POD = '`{ "k8s:io.kubernetes.pod.namespace" }` is every pod of every namespace'
"""What to write instead of `all`, where that means endpoints."""

_NAMESPACE = LabelKey("k8s", NAMESPACE_KEY)


class Pods(Struct, frozen=True):
    """Pods: `names` are about their namespace's name, `labels` about its labels, `own` about theirs."""

    names: tuple[Atom, ...]
    labels: tuple[Atom, ...]
    own: tuple[Atom, ...]

    def all(self) -> Conjunction:
        """Everything that is asked."""
        return (*self.names, *self.labels, *self.own)

    def namespaces(self) -> tuple[str, ...] | None:
        """The namespaces that there can be, by name alone; None: any number."""
        listed = [set(a.values) for a in self.names if a.op is Operator.IN]
        if not listed:
            return None
        without = {v for a in self.names if a.op is Operator.NOT_IN for v in a.values}
        return tuple(sorted(set.intersection(*listed) - without))

    def namespace_selector(self) -> Document:
        """The namespaces as a selector of theirs; `{}` for every one."""
        asked = [a for a in (*self.names, *self.labels) if (a.key, a.op) != (_NAMESPACE, "Exists")]
        return label_selector(asked, _namespace_key)

    def pod_selector(self) -> Document:
        """The pods in them."""
        return label_selector(self.own, lambda key: key.key)


def _namespace_key(key: LabelKey) -> str:
    return NAMESPACE_NAME if key == _NAMESPACE else key.key.removeprefix(NAMESPACE_LABELS)


def pods_of(term: Term, origin: Origin, refusals: Refusals, code: str) -> tuple[Pods, ...]:
    """The pods that an endpoint term selects; none after a refusal (`code`, CPC853, CPC858).

    Kubernetes' selectors see pods alone, and labels of pods and namespaces: what else may be selected
    cannot be said.
    """
    if not isinstance(term, EndpointTerm):
        entity = term.entity if isinstance(term, EntityTerm) else None
        help = EVERY_POD if entity in (Entity.ALL, Entity.CLUSTER) else "name pods by their labels"
        refusals.refuse(code, f"{refusals.what} selects pods only, not {_what(term)}", origin, help)
        return ()
    return tuple(_split(conjunctions(term.expr, origin, refusals), origin, refusals, code))


def _what(term: Term) -> str:
    return f"`{term.entity}`" if isinstance(term, EntityTerm) else "this"


def _split(
    found: tuple[Conjunction, ...], origin: Origin, refusals: Refusals, code: str
) -> Iterator[Pods]:
    for conjunction in found:
        foreign = next((a.key for a in conjunction if not _of_kubernetes(a.key)), None)
        if foreign is not None:
            refusals.refuse(
                "CPC853",
                f"{refusals.what} sees no label `{foreign}`: only labels of pods and namespaces",
                origin,
                f'write `"k8s:{foreign.key}"` if the pod\'s label is meant, or export as `cilium`'
                if foreign.source == "any"
                else "export as `cilium`",
            )
            continue
        names = tuple(a for a in conjunction if a.key == _NAMESPACE)
        labels = tuple(a for a in conjunction if a.key.key.startswith(NAMESPACE_LABELS))
        own = tuple(a for a in conjunction if a not in (*names, *labels))
        if not any(a.positive for a in (*names, *labels)):
            refusals.refuse(
                code,
                f"{refusals.what} selects pods only, and this takes endpoints of no namespace too",
                origin,
                f"say which namespace, or that there is one: {EVERY_POD}",
            )
            continue
        yield Pods(names, labels, own)


def _of_kubernetes(key: LabelKey) -> bool:
    """Whether pods or namespaces have the label; Cilium's own, as of service accounts, they have not."""
    if key.source != "k8s":
        return False
    return key.key.startswith(NAMESPACE_LABELS) or not key.key.startswith("io.cilium.")
