"""What an inventory tells cluster policies: nodes that a selector takes, and which namespaces are alike."""

from collections.abc import Mapping

from cpc.compiler.imports.selectors import namespace_key
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS, Inventory
from cpc.compiler.policy.model import Address
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["likenesses", "node_addresses"]


def node_addresses(inventory: Inventory, terms: tuple[tree.LabelTerm, ...]) -> tuple[Address, ...]:
    """The addresses of the nodes that every term holds for, each once, in the inventory's order."""
    taken = [
        node.addresses
        for node in inventory.nodes
        if _all_hold(terms, {f"k8s:{key}": value for key, value in node.labels})
    ]
    return tuple(dict.fromkeys(address for addresses in taken for address in addresses))


def likenesses(
    inventory: Inventory,
    subject: tuple[tree.LabelTerm, ...],
    keys: tuple[tree.Text, ...],
    place: Span,
) -> tuple[tuple[str, ...], ...]:
    """The values of namespace labels that namespaces of the subject have for all of `keys`, sorted."""
    about = tuple(t for t in subject if isinstance(t.key, tree.Text) and _of_namespace(t.key.value))
    names = [namespace_key(key.value, place).value for key in keys]
    return tuple(
        sorted(
            {
                tuple(labels[name] for name in names)
                for labels in _namespaces(inventory)
                if all(name in labels for name in names) and _all_hold(about, labels)
            }
        )
    )


def _of_namespace(key: str) -> bool:
    return key.startswith((f"k8s:{NAMESPACE_KEY}", f"k8s:{NAMESPACE_LABELS}"))


def _namespaces(inventory: Inventory) -> list[dict[str, str]]:
    """The labels of every namespace, as endpoints have them: of those described, and of endpoints."""
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
        *({key: value for key, value in e.items() if _of_namespace(key)} for e in lived_in),
    ]


def _all_hold(terms: tuple[tree.LabelTerm, ...], labels: Mapping[str, str]) -> bool:
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
