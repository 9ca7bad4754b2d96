"""Label selectors as Kubernetes and Cilium write them."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from cpc.compiler.exports.conjunctions import Atom, Conjunction, Operator, alternatives
from cpc.compiler.exports.refusals import Refusals
from cpc.compiler.policy.inventory import NAMESPACE_KEY, NAMESPACE_LABELS
from cpc.compiler.policy.label_syntax import is_label_key, is_label_value
from cpc.compiler.policy.model import LabelExpr, LabelKey, Origin

__all__ = ["Document", "conjunctions", "label_selector"]

Document: TypeAlias = dict[str, Any]
"""A mapping as YAML and JSON write it, its keys in the order of the text."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def conjunctions(expr: LabelExpr, origin: Origin, refusals: Refusals) -> tuple[Conjunction, ...]:
    """The alternatives of an expression; none after a refusal (CPC853, CPC858)."""
    found = alternatives(expr)
    if found is None:
        refusals.refuse(
            "CPC858",
            f"{refusals.what} cannot say this expression: its selectors have no `or`, and written "
            "out it has too many alternatives",
            origin,
            "give the endpoints a label that says it shorter",
        )
        return ()
    wrong = [w for c in found for atom in c if (w := _wrong(atom)) is not None]
    for message, help in wrong:
        refusals.refuse("CPC853", message, origin, help)
    return () if wrong else found


_LABEL = (
    "Kubernetes takes up to 63 of letters, digits, `-`, `_` and `.` that start and end with a letter or "
    "digit; a key may have a DNS name and `/` before them"
)


def _wrong(atom: Atom) -> tuple[str, str] | None:
    """What Kubernetes would say of a key or value that it cannot have, and help."""
    key = atom.key.key.removeprefix(NAMESPACE_LABELS)
    if not is_label_key(key):
        return f"no selector has `{atom.key.key}` as a label's key", _LABEL
    for value in atom.values:
        if key == NAMESPACE_KEY and not _NAMESPACE.fullmatch(value):
            message = f"no namespace of Kubernetes is called `{value}`"
            return message, "write it in lower case, with `-` between words"
        if not is_label_value(value):
            return f"no selector has `{value}` as a label's value", _LABEL
    return None


def label_selector(atoms: Sequence[Atom], name: Callable[[LabelKey], str]) -> Document:
    """A `LabelSelector` of the atoms, whose keys are written by `name`; `{}` for none."""
    labels: dict[str, str] = {}
    expressions: list[Document] = []
    for atom in atoms:
        key = name(atom.key)
        if atom.op is Operator.IN and len(atom.values) == 1 and key not in labels:
            labels[key] = atom.values[0]
            continue
        expression: Document = {"key": key, "operator": str(atom.op)}
        if atom.values:
            expression["values"] = list(atom.values)
        expressions.append(expression)
    selector: Document = {}
    if labels:
        selector["matchLabels"] = labels
    if expressions:
        selector["matchExpressions"] = expressions
    return selector
