"""What an inventory tells cluster policies: nodes that a selector takes, and labels of namespaces."""

from collections.abc import Mapping

from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, Inventory
from cpc.compiler.policy.model import Address
from cpc.compiler.syntax import tree

__all__ = ["holds", "namespace_labels", "node_addresses", "of_namespace"]


def node_addresses(inventory: Inventory, terms: tuple[tree.LabelTerm, ...]) -> tuple[Address, ...]:
    """The addresses of the nodes that every term holds for, each once, in the inventory's order."""
    taken = [
        node.addresses
        for node in inventory.nodes
        if holds(terms, {f"k8s:{key}": value for key, value in node.labels})
    ]
    return tuple(dict.fromkeys(address for addresses in taken for address in addresses))


def of_namespace(key: str) -> bool:
    """Whether a label key of the language speaks of an endpoint's namespace."""
    return key.startswith((f"k8s:{NAMESPACE_KEY}", f"k8s:{NAMESPACE_LABELS}"))


def namespace_labels(inventory: Inventory) -> list[dict[str, str]]:
    """The labels of every namespace by their keys of the language: of those described, and of endpoints'."""
    described = [
        {
            f"k8s:{NAMESPACE_KEY}": namespace.name,
            **{f"k8s:{NAMESPACE_LABELS}{key}": value for key, value in namespace.labels},
        }
        for namespace in inventory.namespaces
    ]
    lived_in = [
        {str(label).partition("=")[0]: label.value for label in endpoint.labels}
        for endpoint in inventory.endpoints
    ]
    return [
        *described,
        *({key: value for key, value in e.items() if of_namespace(key)} for e in lived_in),
    ]


def holds(terms: tuple[tree.LabelTerm, ...], labels: Mapping[str, str]) -> bool:
    """Whether every term holds for labels by their keys of the language."""
    return all(_holds(term, labels) for term in terms)


def _holds(term: tree.LabelTerm, labels: Mapping[str, str]) -> bool:
    key = term.key.value if isinstance(term.key, tree.Text) else term.key.text
    value = labels.get(key)
    values = {v.value for v in term.values if isinstance(v, tree.Text)}
    match term.op:
        case "exists":
            return value is not None
        case "absent":
            return value is None
        case "=" | "in":
            return value in values
        case _:
            return value not in values
