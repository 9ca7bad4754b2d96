"""`cpc diff`: what a new policy decides otherwise than an old one."""

import json
import os
from collections.abc import Sequence

from msgspec import Struct

from cpc.compiler.commands.changes_text import changes_json, changes_txt
from cpc.compiler.commands.diff_text import diff_concise, diff_json, diff_text
from cpc.compiler.commands.exits import Exit, exit_of, worst
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.packets import pcap
from cpc.compiler.commands.revisions import at_revisions
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Front
from cpc.compiler.report import Format
from cpc.compiler.verify.closed_world import nobody_there
from cpc.compiler.verify.connection_changes import ConnectionChange, connection_changes
from cpc.compiler.verify.engine.changes import Differences
from cpc.compiler.verify.engine.differences import differences
from cpc.compiler.write import write_whole

__all__ = ["Order", "Wishes", "run"]


class Wishes(Struct, frozen=True):
    """What becomes of the answer. `exit_code`: 1 where anything differs; `fail_on_widening`: 1 where
    something is newly allowed. `pcap` names a file for the witnesses.
    """

    exit_code: bool = False
    fail_on_widening: bool = False
    pcap: str | None = None
    connections: bool = False


class Order(Struct, frozen=True):
    """Two sides of one or several paths each, and what is said about reading both."""

    old: Sequence[str]
    new: Sequence[str]
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]
    wishes: Wishes = Wishes()


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the relation and every difference; 2 after an error, 3 where there may be more."""
    if [*order.old, *order.new].count("-") > 1:
        help = "name a file for one of them"
        raise InputError(error("CPC080", "standard input can be one file only", help=help))
    with terminal.progress("comparing"):
        old = _read(order, order.old, terminal)
        new = _read(order, order.new, terminal)
        diagnostics = [*old.diagnostics, *new.diagnostics]
        if old.policy is None or new.policy is None:
            terminal.report(diagnostics)
            return exit_of(diagnostics, strict=False)
        if order.wishes.connections:
            return _connections(order, old, new, terminal)
        with terminal.timings.measure("compare"):
            found = differences(old.policy, new.policy)
            changes = _changes(old, new) if order.inventory else None
    diagnostics += [_undecided(why) for why in found.undecided]
    terminal.report(diagnostics)
    if order.wishes.pcap is not None:
        witnesses = [change.flow for region in found.regions for change in region.changes]
        write_whole(order.wishes.pcap, pcap(witnesses))
    terminal.answer(_text(found, changes, terminal.format))
    wider = any(region.allowed for region in found.regions)
    return worst(
        [
            Exit.UNDECIDED if found.undecided else Exit.CLEAN,
            _code(order.wishes, bool(found.regions), wider),
        ]
    )


def _read(order: Order, paths: Sequence[str], terminal: Terminal) -> Front:
    """One side; with `--connections`, its own workloads are who is there."""
    inventory, include = tuple(order.inventory or ()), tuple(order.include)
    absolute = _absolute(inventory), _absolute(include)
    with at_revisions(paths) as found:
        if found != list(paths):
            inventory, include = absolute
        everyone = order.wishes.connections
        return read_policies(terminal, found, order.params, include, inventory, everyone=everyone)


def _absolute(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(path if path == "-" else os.path.abspath(path) for path in paths)


def _undecided(why: str) -> Diagnostic:
    help = "compare smaller parts, or simplify the expressions that are named"
    return error("CPC252", f"perhaps these are not all differences: {why}", help=help)


def _code(wishes: Wishes, differ: bool, wider: bool) -> Exit:
    fails = wishes.exit_code and differ or wishes.fail_on_widening and wider
    return Exit.FINDINGS if fails else Exit.CLEAN


def _text(found: Differences, changes: Sequence[ConnectionChange] | None, format: Format) -> str:
    match format:
        case Format.JSON:
            return diff_json(found, None if changes is None else changes_json(changes))
        case Format.CONCISE:
            return diff_concise(found)
        case _:
            text = diff_text(found)
            return text if changes is None else f"{text}\n{_listed(changes)}"


def _listed(changes: Sequence[ConnectionChange]) -> str:
    head = "Connectivity diff:" if changes else "Connectivity diff: none"
    return f"{head}\n{changes_txt(changes)}"


# --- connections -------------------------------------------------------------------------------


def _changes(old: Front, new: Front) -> Sequence[ConnectionChange] | None:
    if old.inventory is None or new.inventory is None:
        return None
    assert old.policy is not None and new.policy is not None
    return connection_changes((old.policy, old.inventory), (new.policy, new.inventory))


def _connections(order: Order, old: Front, new: Front, terminal: Terminal) -> int:
    """Answers with the pairs that change alone."""
    diagnostics = [*old.diagnostics, *new.diagnostics]
    changes = _changes(old, new)
    if changes is None:
        terminal.report([*diagnostics, *nobody_there()])
        return Exit.INPUT
    terminal.report(diagnostics)
    if terminal.format is Format.JSON:
        document = {"schema": "cpc.diff/1", "connections": changes_json(changes)}
        terminal.answer(json.dumps(document, indent=2) + "\n")
    else:
        terminal.answer(_listed(changes))
    wider = any(_wider(change) for change in changes)
    return _code(order.wishes, bool(changes), wider)


def _wider(change: ConnectionChange) -> bool:
    """Whether something may pass that might not before."""
    before = {one.family: one for one in change.before}
    for one in change.after:
        known = before.get(one.family)
        if known is None or one.services - known.services:
            return True
        if (known.requests & one.services) - one.requests or one.requests & known.requests:
            return True
    return False
