"""Names of objects: of a policy, its blocks and subjects; and what doc comments become."""

import re
from collections.abc import Iterable

from msgspec import Struct, field

from cpc.compiler.exports.conjunctions import Conjunction, Operator
from cpc.compiler.exports.selectors import Document
from cpc.compiler.policy.inventory import NAMESPACE_KEY
from cpc.compiler.policy.model import Origin

__all__ = ["Names", "described", "given_name", "metadata", "subject_words"]

_MOST = 63
"""Characters of a name: as many as a label's value has, so that selectors can find the object."""


class Names(Struct, frozen=True):
    """Hands out names of objects, each once in a kind and namespace."""

    _taken: set[tuple[str, str, str]] = field(default_factory=set)

    def unique(self, kind: str, namespace: str, *words: str) -> str:
        """A DNS label (RFC 1123) of the words, with a number where it is taken."""
        text = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower())
        base = text[:_MOST].strip("-") or "policy"
        name, number = base, 1
        while (kind, namespace, name) in self._taken:
            number += 1
            name = f"{base[: _MOST - 5].rstrip('-')}-{number}"
        self._taken.add((kind, namespace, name))
        return name


def subject_words(subject: Conjunction) -> tuple[str, ...]:
    """Words for what a conjunction selects: the one value of each label that it asks for."""
    asked = [a for a in subject if (a.key.key, a.op) != (NAMESPACE_KEY, Operator.EXISTS)]
    words = [a.values[0] for a in asked if a.op is Operator.IN and len(a.values) == 1]
    return tuple(words) or (("others",) if asked else ("all",))


def given_name(origin: Origin) -> str | None:
    """The name that a statement was given; one made from its place has a `:`, as no name has."""
    return None if ":" in origin.name else origin.name


def described(origins: Iterable[Origin]) -> str:
    """The doc comments of statements, each after the name of its rule, a line or more for each."""
    lines = []
    for origin in dict.fromkeys(origins):
        name = given_name(origin)
        if origin.doc:
            lines.append(f"{name}: {origin.doc}" if name else origin.doc)
    return "\n".join(dict.fromkeys(lines))


def metadata(name: str, namespace: str, description: str) -> Document:
    """`metadata`; the description is Kubernetes' annotation for it."""
    found: Document = {"name": name}
    if namespace:
        found["namespace"] = namespace
    if description:
        found["annotations"] = {"kubernetes.io/description": description}
    return found
