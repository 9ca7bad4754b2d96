"""Where a statement stands, and what is said of its place."""

import os

from msgspec import Struct

from cpc.compiler.policy.model import Origin, Tier
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.moved import Place

__all__ = ["Block", "origin_of", "placed_origin"]


class Block(Struct, frozen=True):
    """Where a statement stands: its file's number, and its policy or tier block."""

    file: int
    policy: str = ""
    namespace: str = ""
    staged: bool = False
    tier: Tier = Tier.NORMAL
    priority: int = 0
    number: int = 0


def origin_of(name: tree.Name | None, span: Span, block: Block, doc: str = "") -> Origin:
    """Where a statement was written; without a name it is called after its place."""
    text = _called_after(span) if name is None else name.text
    order = (block.file, span.line, span.column)
    return Origin(text, span, order, block.policy, block.namespace, doc)


def placed_origin(origin: Origin, place: Place, file: int) -> Origin:
    """The origin of a statement of a stretch, where that lies in file number `file`."""
    span, name = place.span(origin.span), origin.name
    if (place.lines or place.file != origin.span.file) and name == _called_after(origin.span):
        name = _called_after(span)
    order = (file, span.line, span.column)
    return Origin(name, span, order, origin.policy, origin.namespace, origin.doc)


def _called_after(span: Span) -> str:
    return f"{span.file.rpartition(os.sep)[2]}:{span.line}"
