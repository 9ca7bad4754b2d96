"""`cpc load`, `unload`, `status`, `policy replace`: from words to the runtime and back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cpc.compiler.artifact import Inventory, read_artifact
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.status_text import status_json, status_text
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import has_errors
from cpc.compiler.errors import InputError
from cpc.compiler.imports.inventories import read_inventory
from cpc.compiler.report import Format
from cpc.runtime.load import load as load_artifact
from cpc.runtime.load import unload as unload_instance
from cpc.runtime.programs import Rejected
from cpc.runtime.replace import replace_policy
from cpc.runtime.status import Status
from cpc.runtime.status import status as status_of

__all__ = ["load", "replace", "status", "unload"]


def _inventory(paths: Sequence[str], terminal: Terminal) -> Inventory:
    inventory, found = read_inventory(paths, terminal.sources)
    if inventory is None or has_errors(found):
        raise InputError(*found)
    terminal.report(found)
    return inventory


@contextmanager
def _kernel_log(terminal: Terminal) -> Iterator[None]:
    """Shows all that the kernel's verifier said of a program it refuses, where `-v` asks for it."""
    try:
        yield
    except Rejected as refused:
        if terminal.verbose:
            terminal.say(refused.log.rstrip())
        raise


def _answer(found: Status, terminal: Terminal) -> int:
    """Answers with a status; a finding where a hook of an endpoint has no program."""
    for note in found.notes:
        terminal.say(f"cpc: {note}")
    as_json = terminal.format is Format.JSON
    terminal.answer(status_json(found) if as_json else status_text(found))
    return Exit.CLEAN if all(endpoint.ready for endpoint in found.endpoints) else Exit.FINDINGS


def load(artifact: str, inventory: Sequence[str], instance: str, terminal: Terminal) -> int:
    """Loads, and answers with the status."""
    what, where = read_artifact(artifact), _inventory(inventory, terminal)
    with _kernel_log(terminal), terminal.progress("loading"):
        found = load_artifact(what, where, instance)
    return _answer(found, terminal)


def unload(instance: str, terminal: Terminal) -> int:
    """Unloads; no news is good news."""
    with terminal.progress("unloading"):
        unload_instance(instance)
    return Exit.CLEAN


def status(instance: str, terminal: Terminal) -> int:
    """Answers with the status."""
    return _answer(status_of(instance), terminal)


def replace(
    artifact: str, inventory: Sequence[str] | None, instance: str, terminal: Terminal
) -> int:
    """Replaces the policy, and answers with what changed."""
    what = read_artifact(artifact)
    where = _inventory(inventory, terminal) if inventory else None
    with _kernel_log(terminal), terminal.progress("replacing"):
        done = replace_policy(what, where, instance)
    if terminal.format is Format.JSON:
        facts = {
            "schema": "cpc.replaced/1",
            "instance": done.instance,
            "before": done.before,
            "after": done.after,
            "hooks": done.hooks,
            "added": done.added,
            "removed": done.removed,
        }
        terminal.answer(json.dumps(facts) + "\n")
    else:
        words = [f"instance {done.instance}: generation {done.before} -> {done.after}"]
        words += [f"{done.hooks} hooks replaced in {done.seconds * 1000:.0f} ms"]
        words += [f"endpoint {name} added" for name in done.added]
        words += [f"endpoint {name} removed" for name in done.removed]
        terminal.answer("\n".join(words) + "\n")
    return Exit.CLEAN
