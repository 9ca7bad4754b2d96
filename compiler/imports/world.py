"""What an inventory tells of label selectors."""

from collections.abc import Mapping

from cpc.compiler.policy.inventory import ClusterNode, Inventory
from cpc.compiler.policy.resolve_labels import label_key
from cpc.compiler.syntax import tree

__all__ = ["bare_key", "holds", "nodes_with"]


def bare_key(term: tree.LabelTerm) -> str:
    """The key of a term without its source."""
    return label_key(term.key.value if isinstance(term.key, tree.Text) else term.key.text).key


def holds(terms: tuple[tree.LabelTerm, ...], labels: Mapping[str, str]) -> bool:
    """Whether every term holds for labels by their keys; the sources of keys mean nothing."""
    return all(_holds(term, labels) for term in terms)


def _holds(term: tree.LabelTerm, labels: Mapping[str, str]) -> bool:
    value = labels.get(bare_key(term))
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


def nodes_with(
    inventory: Inventory | None, terms: tuple[tree.LabelTerm, ...]
) -> tuple[ClusterNode, ...]:
    """The nodes that every term holds for, in the inventory's order."""
    known = () if inventory is None else inventory.nodes
    return tuple(node for node in known if holds(terms, dict(node.labels)))
