"""Where a statement stands, and what is said of its place."""

import os
from dataclasses import dataclass

from cpc.compiler.policy.model import Origin, Tier
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Block", "origin_of"]


@dataclass(frozen=True, slots=True)
class Block:
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
    text = f"{os.path.basename(span.file)}:{span.line}" if name is None else name.text
    order = (block.file, span.line, span.column)
    return Origin(text, span, order, block.policy, block.namespace, doc)
