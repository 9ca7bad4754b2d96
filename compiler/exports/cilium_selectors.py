"""Selectors of Cilium's policies, by where they stand.

Source: Cilium's pkg/k8s/apis/cilium.io/utils: a CiliumNetworkPolicy's subject is always in its
namespace, and a peer's selector too unless it speaks of namespaces; a clusterwide policy's peers have a
namespace unless they do. Rules as JSON are taken as they are written. Identities that are no
endpoints have labels of the source `reserved`, which `any` matches.
"""

from msgspec import Struct

from cpc.compiler.exports.conjunctions import Atom, Conjunction, Operator, expression
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.exports.selectors import Document, conjunctions, label_selector
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.model import (
    EndpointTerm,
    Entity,
    EntityTerm,
    LabelKey,
    Origin,
    Selector,
    Term,
)

__all__ = ["Scope", "Subject", "endpoint_selectors", "subject_selector", "subject_term", "subjects"]

_NAMESPACE = LabelKey("k8s", NAMESPACE_KEY)
_RESERVED = frozenset({*Entity, "ingress", "unknown"})
"""Keys of labels that Cilium gives to what is no endpoint of ours."""


class Scope(Struct, frozen=True):
    """Where selectors stand: in a namespace (empty: clusterwide), or `raw`, as Cilium itself has them."""

    namespace: str = ""
    raw: bool = False


class Subject(Struct, frozen=True):
    """A conjunction, or the reserved identity that an entity is."""

    labels: Conjunction
    entity: Entity | None = None


def _key(key: LabelKey) -> str:
    """A key without a source is one of any source."""
    return key.key if key.source == "any" else str(key)


# --- subjects ----------------------------------------------------------------------------------


def subjects(
    selector: Selector, origin: Origin, scope: Scope, refusals: Refusals
) -> tuple[Subject, ...]:
    """What a side selects as subjects; without what is outside of the scope's namespace."""
    found: dict[Subject, None] = {}
    for term in selector:
        match term:
            case EntityTerm(Entity.ALL | Entity.CLUSTER):
                found[Subject(())] = None
            case EntityTerm(entity):
                found[Subject((), entity)] = None
            case EndpointTerm(expr):
                for labels in conjunctions(expr, origin, refusals):
                    here = _here(labels, scope.namespace)
                    if here is not None:
                        found[Subject(here)] = None
            case _:
                refusals.refuse(
                    "CPC852",
                    f"{refusals.what} has no services as subjects",
                    origin,
                    "name the service's endpoints by their labels",
                )
    return tuple(found)


def _here(labels: Conjunction, namespace: str) -> Conjunction | None:
    """What is left to ask inside the namespace; None where nothing of it is inside."""
    if not namespace:
        return labels
    about = [a for a in labels if a.key == _NAMESPACE]
    inside = all(
        a.op is Operator.EXISTS
        or (a.op is Operator.IN and namespace in a.values)
        or (a.op is Operator.NOT_IN and namespace not in a.values)
        for a in about
    )
    return tuple(a for a in labels if a not in about) if inside else None


def subject_selector(subject: Subject) -> Document:
    """`endpointSelector`."""
    if subject.entity is not None:
        return {"matchLabels": {f"reserved:{subject.entity}": ""}}
    return label_selector(subject.labels, _key)


def subject_term(subject: Subject, scope: Scope) -> Term:
    """What the subject is a part of a selector for."""
    if subject.entity is not None:
        return EntityTerm(subject.entity)
    namespace = (Atom(_NAMESPACE, Operator.IN, (scope.namespace,)),) if scope.namespace else ()
    return EndpointTerm(expression((*namespace, *subject.labels)))


# --- peers -------------------------------------------------------------------------------------


def endpoint_selectors(
    term: EndpointTerm,
    origin: Origin,
    scope: Scope,
    refusals: Refusals,
    *,
    narrowing: bool = False,
) -> list[Document]:
    """Selectors whose union is the term; fewer after a refusal (CPC851, CPC853, CPC858).

    `narrowing`: they are asked of peers besides, so they need not keep out what is no endpoint.
    """
    found: list[Document] = []
    for labels in conjunctions(term.expr, origin, refusals):
        for written in _written(labels, scope):
            if narrowing or _endpoints_only(written, scope):
                found.append(label_selector(written, _key))
            else:
                refusals.refuse(
                    "CPC851",
                    "a Cilium policy with this peer would select the world and the nodes too, which "
                    "have no labels of endpoints",
                    origin,
                    'ask for a label that is there, such as `"k8s:io.kubernetes.pod.namespace"`',
                )
    return found


def _written(labels: Conjunction, scope: Scope) -> list[Conjunction]:
    """The conjunction as what Cilium adds leaves it: nothing is added to what speaks of namespaces."""
    if scope.raw:
        return [labels]
    own = Atom(_NAMESPACE, Operator.IN, (scope.namespace,))
    names = [a for a in labels if _speaks_of_names(a)]
    rest = tuple(a for a in labels if a not in names)
    of_labels = [a for a in rest if _speaks_of_labels(a)]
    if names == [own] and scope.namespace and not of_labels:
        return [rest]
    if names or any(a.positive for a in of_labels):
        return [labels]
    in_one = Atom(_NAMESPACE, Operator.EXISTS)
    in_none = Atom(_NAMESPACE, Operator.ABSENT)
    return [(*labels, in_one), (*labels, in_none)]


def _speaks_of_names(atom: Atom) -> bool:
    return atom.key.key == NAMESPACE_KEY and atom.key.source in ("k8s", "any")


def _speaks_of_labels(atom: Atom) -> bool:
    return atom.key.key.startswith(NAMESPACE_LABELS) and atom.key.source in ("k8s", "any")


def _endpoints_only(written: Conjunction, scope: Scope) -> bool:
    """Whether only endpoints have all these labels: one that is there, and is no reserved one.

    `{}` of a raw rule is documented to mean every endpoint.
    """
    if scope.raw:
        return not written or any(a.positive for a in written)
    if not any(map(_speaks_of_names, written)) and not any(map(_speaks_of_labels, written)):
        return True  # Cilium adds the namespace
    return any(
        a.positive and (a.key.source != "any" or a.key.key not in _RESERVED) for a in written
    )
