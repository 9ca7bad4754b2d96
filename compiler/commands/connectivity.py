"""`cpc connectivity`: who may talk to whom."""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct

from cpc.compiler.commands.connectivity_text import (
    connectivity_csv,
    connectivity_json,
    connectivity_txt,
)
from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.options import Listing
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.pipeline import list_connections
from cpc.compiler.report import Format
from cpc.compiler.verify.connectivity import Connectivity

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """Policies and who is there; `emit` None: JSON where that is the format, else txt. `entities`: the
    host, nodes and the like are listed too.
    """

    files: Sequence[str]
    inventory: Sequence[str] | None
    emit: Listing | None
    entities: bool
    params: Sequence[str]
    include: Sequence[str]


def run(order: Order, terminal: Terminal) -> int:
    """Answers with every allowed connection; 2 after an error."""
    with terminal.progress("listing"):
        read = read_policies(
            terminal, order.files, order.params, order.include, order.inventory, everyone=True
        )
        answer, more = list_connections(read, terminal.timings)
    found = [*read.diagnostics, *more]
    terminal.report(found)
    if answer is None:
        return exit_of(found, strict=False)
    if not order.entities:
        answer = answer.without_entities()
    terminal.answer(_text(answer, order.emit or _usual(terminal)))
    return Exit.CLEAN


def _usual(terminal: Terminal) -> Listing:
    return Listing.JSON if terminal.format is Format.JSON else Listing.TXT


def _text(answer: Connectivity, listing: Listing) -> str:
    match listing:
        case Listing.TXT:
            return connectivity_txt(answer)
        case Listing.JSON:
            return connectivity_json(answer)
        case Listing.CSV:
            return connectivity_csv(answer)
        case _:
            assert_never(listing)
