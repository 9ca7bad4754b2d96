"""`cpc export`: policies as objects of Kubernetes and Cilium."""

from collections.abc import Sequence

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.pipeline import export_policy
from cpc.compiler.write import write_whole

__all__ = ["Order", "run"]

_OF_NUMBERS = "CPC325"
"""A container port whose number is not known: objects have its name."""


class Order(Struct, frozen=True):
    """What to export, as which kind, and where it goes (None: standard output)."""

    files: Sequence[str]
    kind: Kind
    output: str | None
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the objects, or writes them; where something cannot be said, nothing is written."""
    with terminal.progress("exporting"):
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        text, more = export_policy(read, order.kind, terminal.timings)
    found = [d for d in (*read.diagnostics, *more) if d.code != _OF_NUMBERS]
    terminal.report(found)
    if text is None:
        return exit_of(found, strict=False)
    if order.output is None:
        terminal.answer(text)
    else:
        write_whole(order.output, text.encode())
    return Exit.CLEAN
