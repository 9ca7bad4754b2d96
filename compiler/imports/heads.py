"""The `kind` and `apiVersion` of documents, and what is nearly one of them and must not pass unseen."""

from collections.abc import Collection
from functools import lru_cache
from typing import TypeAlias

from cpc.compiler.diagnostics import Label, suggest
from cpc.compiler.documents.nodes import Mapping, Node, Scalar
from cpc.compiler.documents.reader import Reader

__all__ = ["WHAT", "Kinds", "head_of", "is_near_kind", "near_kind"]

Kinds: TypeAlias = Collection[tuple[str, str]]
"""Groups and kinds of objects that mean something to who reads them."""

WHAT = "an object has `apiVersion`, `kind` and `metadata`; rules of Cilium's JSON have `endpointSelector`"
"""Help for what is no object."""

_LIKE_OURS = 0.85
_LIKE_A_KEY = 0.8


@lru_cache(1 << 12)
def near_kind(word: str, kinds: tuple[str, ...]) -> str | None:
    """The kind that a word is without regard to case, or most likely meant to be."""
    lower = {kind.lower(): kind for kind in kinds}
    near = suggest(word.lower(), tuple(lower), _LIKE_OURS)
    return None if near is None else lower[near]


def is_near_kind(word: str, known: Kinds) -> bool:
    """Whether a word is nearly one of the kinds, or a list of them."""
    kinds = tuple(dict.fromkeys(kind for _, kind in known))
    return any(near_kind(w, kinds) for w in (word, word.removesuffix("List")))


def head_of(
    document: Mapping, reader: Reader, strict: bool, known: Kinds
) -> tuple[Scalar, Scalar] | None:
    """The `kind` and `apiVersion` of an object; None where there are none, and after an error.

    Without both it is an error (CPC703, CPC704, CPC801) where `strict`, and where what there is speaks
    for one of the `known` objects.
    """
    kinds, versions = _entries(document, "kind"), _entries(document, "apiVersion")
    if kinds and versions:
        for found in (kinds, versions):
            if len(found) > 1:
                first = (Label(found[0][0].span, "first given here"),)
                key = found[1][0]
                message = f"`{key.text}` is given twice"
                reader.refuse("CPC704", message, key.span, "remove one", first)
                return None
        kind, version = kinds[0][1], versions[0][1]
        if isinstance(kind, Scalar) and isinstance(version, Scalar):
            return kind, version
    meant = kinds or _near(document, "kind")
    api = versions or _near(document, "apiVersion")
    if not (strict or (kinds and versions) or _concerns(meant, api, known)):
        return None
    for name, exact, near in (("kind", kinds, meant), ("apiVersion", versions, api)):
        if near and not exact:
            key = near[0][0]
            message = f"`{key.text}` is not a key of an object"
            reader.refuse("CPC703", message, key.span, f"did you mean `{name}`?")
            return None
    is_kind = bool(kinds) and isinstance(kinds[0][1], Scalar)
    missing = "apiVersion" if is_kind else "kind"
    reader.refuse("CPC801", f"this object has no `{missing}`", document.span, WHAT)
    return None


_Entries = tuple[tuple[Scalar, Node], ...]


def _entries(document: Mapping, name: str) -> _Entries:
    return tuple(entry for entry in document.entries if entry[0].text == name)


def _near(document: Mapping, name: str) -> _Entries:
    return tuple(entry for entry in document.entries if _is_near(entry[0].text, name))


@lru_cache(1 << 12)
def _is_near(key: str, name: str) -> bool:
    return suggest(key.lower(), (name.lower(),), _LIKE_A_KEY) is not None


def _concerns(kinds: _Entries, versions: _Entries, known: Kinds) -> bool:
    """Whether a kind is nearly known, or a version is of a group whose kinds are."""
    if any(isinstance(v, Scalar) and is_near_kind(v.text, known) for _, v in kinds):
        return True
    groups = {group for group, _ in known if group}
    return any(isinstance(v, Scalar) and v.text.rpartition("/")[0] in groups for _, v in versions)
