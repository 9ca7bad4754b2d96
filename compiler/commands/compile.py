"""`cpc compile`: policies to one artifact, or one part of it."""

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from cpc.compiler.artifact import DEFAULT_TARGET, Artifact, write_artifact
from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.options import Emit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.pipeline import Front, compile_policy, lower_policy
from cpc.compiler.report import Format
from cpc.compiler.write import write_whole

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to compile, for which kernel, and what to do with the result."""

    files: Sequence[str]
    output: str | None
    target: str | None
    inventory: Sequence[str] | None
    emit: Emit | None
    params: Sequence[str]
    include: Sequence[str]


def _part(
    emit: Emit, read: Front, target: str, terminal: Terminal
) -> tuple[bytes | None, list[Diagnostic]]:
    """One part as bytes; C and IR need no clang."""
    if emit in (Emit.C, Emit.IR):
        program, found = lower_policy(read, terminal.timings)
        if program is None or read.policy is None:
            return None, found
        if emit is Emit.IR:
            from cpc.compiler.ir.show import show

            return show(program).encode(), found
        from cpc.compiler.artifact.program import policy_hash
        from cpc.compiler.codegen.build import source_of

        with terminal.timings.measure("write C"):
            return source_of(program, policy_hash(read.policy)).encode(), found
    artifact, found = compile_policy(read, target, terminal.timings)
    if artifact is None:
        return None, found
    if emit is Emit.OBJECT:
        return artifact.object, found
    from cpc.compiler.artifact.manifest import manifest_text

    return manifest_text(artifact, dict(artifact.members())).encode(), found


def _default_output(files: Sequence[str]) -> str:
    """`shop.cpc` in the current folder for `x/shop.cil` or the folder `x/shop`."""
    name = Path(files[0]).resolve().stem if files[0] != "-" else "policy"
    return f"{name}.cpc"


def _answer(artifact: Artifact, path: str, terminal: Terminal) -> None:
    facts = {
        "schema": "cpc.compiled/1",
        "artifact": path,
        "policy": artifact.policy_hash,
        "target": artifact.target.name,
        "rules": len(artifact.program.rules),
        "object_bytes": len(artifact.object),
    }
    if terminal.format is Format.JSON:
        terminal.answer(json.dumps(facts) + "\n")
    else:
        terminal.answer(
            f"{path}: {facts['rules']} rules for Linux {facts['target']} and later, "
            f"object of {facts['object_bytes']} bytes\n"
        )


def run(order: Order, terminal: Terminal) -> int:
    """Writes the artifact and answers with what it is, or answers with one part; 2 after an error."""
    target = order.target or DEFAULT_TARGET
    artifact: Artifact | None = None
    part: bytes | None = None
    with terminal.progress("compiling"):
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        found = list(read.diagnostics)
        if order.emit is not None:
            part, more = _part(order.emit, read, target, terminal)
        else:
            artifact, more = compile_policy(read, target, terminal.timings)
        found += more
    terminal.report(found)
    if part is not None:
        if order.output is None:
            terminal.answer_bytes(part)
        else:
            write_whole(order.output, part)
    elif artifact is not None:
        path = order.output or _default_output(order.files)
        write_artifact(artifact, path)
        _answer(artifact, path, terminal)
    else:
        return exit_of(found, strict=False)
    return Exit.CLEAN
