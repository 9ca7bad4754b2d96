"""A service and its items."""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Label, error
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.build import ServiceItem

__all__ = ["with_items"]


def with_items(
    head: tree.Service, items: Sequence[tuple[ServiceItem, Span]], problems: Diagnostics
) -> tree.Service:
    """The service with its items, each with its place; one that stands twice is CPC122."""
    vips: list[tree.Text] = []
    ports: list[tree.ServicePort] = []
    backends: list[tree.ServiceBackends] = []
    once: dict[str, tuple[tree.Name | int, Span]] = {}
    for item, span in items:
        match item:
            case tuple():
                vips += item
            case tree.ServicePort():
                ports.append(item)
            case tree.ServiceBackends():
                backends.append(item)
            case tree.Name() | int():
                word = "affinity" if isinstance(item, int) else "balance"
                if word in once:
                    problems.append(_repeated(word, span, once[word][1]))
                once[word] = item, span
            case _:
                assert_never(item)
    balance, affinity = once.get("balance"), once.get("affinity")
    return replace(
        head,
        vips=tuple(vips),
        ports=tuple(ports),
        backends=tuple(backends),
        balance=balance[0] if balance and isinstance(balance[0], tree.Name) else None,
        affinity=affinity[0] if affinity and isinstance(affinity[0], int) else None,
        affinity_span=affinity[1] if affinity else None,
    )


def _repeated(word: str, span: Span, first: Span) -> Diagnostic:
    return error(
        "CPC122",
        f"`{word}` stands twice in one service",
        span,
        labels=(Label(first, "first here"),),
        help="keep one of them",
    )
