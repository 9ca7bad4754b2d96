"""Peers of cluster policies that are like their subject: `sameLabels` and `notSameLabels`, group by group."""

from msgspec import Struct

from cpc.compiler.imports.cluster_policy.namespaces import namespace_labels, of_namespace
from cpc.compiler.imports.selectors import namespace_key, term
from cpc.compiler.imports.world import bare_key, holds
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.resolve_labels import label_key
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Relation", "pairs"]

_Terms = tuple[tree.LabelTerm, ...]


class Relation(Struct, frozen=True):
    """Pods (`terms`) of namespaces that have all labels of `keys`, with the same values as the
    subject's namespace, or (not `same`) with another value for at least one; without keys: nobody.
    """

    same: bool
    keys: tuple[tree.Text, ...]
    terms: _Terms
    span: Span


def pairs(
    relation: Relation, subject: tree.Labels, inventory: Inventory
) -> tuple[tuple[tree.Labels, tree.Expr], ...]:
    """Subject and peers of each group of the subject's namespaces that have equal values, sorted.

    A namespace of the subject that lacks one of the labels is in no group.
    """
    if not relation.keys:
        return ()
    found: list[tuple[tree.Labels, tree.Expr]] = []
    for values in _values(relation, subject.terms, inventory):
        same = tuple(
            term(namespace_key(key.value, key.span), "=", (tree.Text(value, key.span),), key.span)
            for key, value in zip(relation.keys, values, strict=True)
        )
        found.append((tree.Labels((*subject.terms, *same), subject.span), _peers(relation, same)))
    return tuple(found)


def _values(
    relation: Relation, subject: _Terms, inventory: Inventory
) -> tuple[tuple[str, ...], ...]:
    """The values of the relation's labels in namespaces that the subject may be in."""
    about = tuple(t for t in subject if of_namespace(bare_key(t)))
    names = [label_key(namespace_key(key.value, key.span).value).key for key in relation.keys]
    return tuple(
        sorted(
            {
                tuple(labels[name] for name in names)
                for labels in namespace_labels(inventory)
                if all(name in labels for name in names) and holds(about, labels)
            }
        )
    )


def _peers(relation: Relation, same: _Terms) -> tree.Expr:
    """The pods that a relation means for a subject whose namespace has the labels `same`."""
    span = relation.span
    if relation.same:
        return tree.Labels((*same, *relation.terms), span)
    there = tuple(term(t.key, "exists", (), t.span) for t in same)
    return tree.LabelAnd(
        tree.Labels((*there, *relation.terms), span),
        tree.LabelNot(tree.Labels(same, span), span),
        span,
    )
