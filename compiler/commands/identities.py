"""`cpc identities`: which labels a policy tells apart, and which endpoints it cannot."""

from collections.abc import Sequence

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.identities_text import Identities, identities_json, identities_text
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import has_errors
from cpc.compiler.policy.flow import Label
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.report import Format
from cpc.compiler.verify.engine.quotient import Quotient, Undecided, alike, quotient

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
                found = quotient(read.policy)
                identities, known = _identities(read.policy, read.inventory, found)
    terminal.report(read.diagnostics)
    if read.policy is None or has_errors(read.diagnostics):
        return exit_of(read.diagnostics, strict=False)
    form = identities_json if terminal.format is Format.JSON else identities_text
    terminal.answer(form(found, identities))
    undecided = not known or any(key.undecided for key in found.keys)
    return Exit.UNDECIDED if undecided else Exit.CLEAN


def _identities(
    policy: Policy, inventory: Inventory | None, found: Quotient
) -> tuple[Identities | None, bool]:
    """The classes of the endpoints that there are, if there are any, and whether they are known."""
    if inventory is None or not inventory.endpoints:
        return None, True
    names: dict[frozenset[Label], list[str]] = {}
    for endpoint in inventory.endpoints:
        names.setdefault(frozenset(endpoint.labels), []).append(endpoint.name)
    sets = sorted(names.items(), key=lambda item: item[1])
    asked = {key.key for key in found.keys}
    unasked = sorted({label.key for labels in names for label in labels} - asked)
    try:
        groups = alike(policy, [labels for labels, _ in sets])
    except Undecided:
        return Identities(sets, [[n] for n in range(len(sets))], unasked), False
    return Identities(sets, groups, unasked), True
