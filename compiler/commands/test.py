"""`cpc test`: the tests that policies bring along."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of, worst
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.commands.test_failures import case_diagnostics
from cpc.compiler.commands.test_junit import junit
from cpc.compiler.commands.test_text import run_json, run_text
from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Front, run_tests
from cpc.compiler.report import Format
from cpc.compiler.verify.testing.cases import Status
from cpc.compiler.verify.testing.run import TestRun
from cpc.compiler.write import write_whole

if TYPE_CHECKING:
    from cpc.compiler.commands.test_kernel import Rehearsed

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to test, and what to find out about the tests; `junit` is a file for the results too, `kernel`:
    the loaded program is asked too.
    """

    files: Sequence[str]
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]
    coverage: bool
    mutate: bool
    junit: str | None
    kernel: bool


_EXITS = {
    Status.HOLDS: Exit.CLEAN,
    Status.FAILS: Exit.FINDINGS,
    Status.NOBODY: Exit.FINDINGS,
    Status.UNDECIDED: Exit.UNDECIDED,
}


def run(order: Order, terminal: Terminal) -> int:
    """Answers with what holds; a finding where a case does not, undecided where one cannot be told."""
    with terminal.progress("testing"):
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        if read.policy is None or read.definitions is None:
            terminal.report(read.diagnostics)
            return exit_of(read.diagnostics, strict=False)
        if not read.definitions.tests:
            help = 'write some: `test "closed" { world -> db : deny }`'
            raise InputError(error("CPC245", "there are no tests in these files", help=help))
        found = run_tests(read, terminal.timings, covering=order.coverage, mutating=order.mutate)
        rehearsed = _in_the_kernel(read, found, terminal) if order.kernel else None
    disagreements = () if rehearsed is None else rehearsed.diagnostics
    terminal.report(read.diagnostics)
    if order.junit is not None:
        write_whole(order.junit, junit(found, terminal.sources).encode())
    _answer(found, order, disagreements, terminal)
    if rehearsed is not None:
        terminal.say(f"cpc: {rehearsed.packets} packets were decided in the kernel")
    codes = [_EXITS[case.status] for test in found.tests for case in test.cases]
    return worst([*codes, exit_of(disagreements, strict=False)])


def _in_the_kernel(read: Front, found: TestRun, terminal: Terminal) -> "Rehearsed":
    """What the loaded program makes of the cases."""
    from cpc.compiler.commands.test_kernel import rehearse

    return rehearse(read, found, terminal)


def _answer(
    found: TestRun, order: Order, disagreements: tuple[Diagnostic, ...], terminal: Terminal
) -> None:
    if terminal.format is Format.JSON:
        terminal.answer(run_json(found, terminal.sources))
        terminal.report(disagreements)
        return
    if terminal.format is Format.PRETTY:
        terminal.answer(run_text(found, every=terminal.verbose))
    failed = [*case_diagnostics(found.tests), *disagreements]
    if failed:
        if terminal.format is Format.PRETTY:
            terminal.answer("\n")
        terminal.answer_report(failed)
        if order.mutate and found.score is None:
            terminal.say("cpc: no mutation score: the tests must hold first")
    total, held = len(found.tests), found.number(Status.HOLDS)
    if terminal.format is Format.PRETTY:
        terminal.say(f"cpc: {held} of {total} tests hold")
