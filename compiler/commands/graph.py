"""`cpc graph`: who may reach whom, and by which lines, as a page for a browser."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.graph_document import document
from cpc.compiler.commands.graph_page import page
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.pipeline import list_reachability
from cpc.compiler.write import write_whole

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """Policies and who is there; `output` None: standard output. `entities`: the host, nodes and the like are
    on the page too.
    """

    files: Sequence[str]
    inventory: Sequence[str] | None
    output: str | None
    entities: bool
    params: Sequence[str]
    include: Sequence[str]


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the page, or writes it; 2 after an error."""
    with terminal.progress("drawing"):
        read = read_policies(
            terminal, order.files, order.params, order.include, order.inventory, everyone=True
        )
        answer, more = list_reachability(read, order.entities, terminal.timings)
    found = [*read.diagnostics, *more]
    terminal.report(found)
    if answer is None:
        return exit_of(found, strict=False)
    names = ", ".join(Path(name).name for name in order.files)
    text = page(f"Reachability: {names}", document(answer, read.sources))
    if order.output is None:
        terminal.answer(text)
    else:
        write_whole(order.output, text.encode())
    return Exit.CLEAN
