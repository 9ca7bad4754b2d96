"""`cpc identities`: which labels a policy tells apart, and which endpoints it cannot."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.identities_text import Identities, identities_json, identities_text
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import has_errors
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.report import Format
from cpc.compiler.verify.engine.quotient import Comparison, Undecided

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to ask about, as given on the command line."""

    files: Sequence[str]
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the keys and classes; 3 where something is not known, 2 after an error."""
    with terminal.progress("comparing"):
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        if read.policy is not None:
            with terminal.timings.measure("compare"):
                comparison = Comparison(read.policy)
                keys = comparison.by_key()
                asked = {key.key for key in keys}
                identities = _identities(comparison, read.inventory, asked)
    terminal.report(read.diagnostics)
    if read.policy is None or has_errors(read.diagnostics):
        return exit_of(read.diagnostics, strict=False)
    form = identities_json if terminal.format is Format.JSON else identities_text
    terminal.answer(form(keys, identities))
    undecided = any(key.undecided for key in keys) or (identities and identities.undecided)
    return Exit.UNDECIDED if undecided else Exit.CLEAN


def _identities(
    comparison: Comparison, inventory: Inventory | None, asked: Collection[str]
) -> Identities | None:
    """The classes of the endpoints that there are, if there are any."""
    if inventory is None or not inventory.endpoints:
        return None
    names: dict[frozenset[Label], list[str]] = {}
    for endpoint in inventory.endpoints:
        names.setdefault(frozenset(endpoint.labels), []).append(endpoint.name)
    sets = sorted(names.items(), key=lambda item: item[1])
    unasked = sorted({label.key for labels in names for label in labels} - {*asked})
    try:
        return Identities(sets, comparison.alike([labels for labels, _ in sets]), unasked)
    except Undecided as why:
        return Identities(sets, None, unasked, str(why))
