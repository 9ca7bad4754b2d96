"""`cpc check`: everything that is wrong, as the answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cpc.compiler.commands.exits import exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.pipeline import verify_policy

__all__ = ["Order", "run"]


@dataclass(frozen=True, slots=True)
class Order:
    """What to check, as given on the command line."""

    files: Sequence[str]
    inventory: Sequence[str] | None
    params: Sequence[str]
    include: Sequence[str]


def _accepted(diagnostic: Diagnostic) -> Diagnostic:
    """What only a later version enforces (CPC4xx) is a fact here; `compile` makes it an error."""
    if diagnostic.code.startswith("CPC4"):
        return replace(diagnostic, severity=Severity.NOTE)
    return diagnostic


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the diagnostics; a warning counts as a finding."""
    with terminal.progress("checking"):
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        found = list(read.diagnostics)
        if read.policy is not None:
            found += map(_accepted, verify_policy(read.policy, terminal.timings)[1])
    terminal.answer_report(found)
    return exit_of(found, strict=True)
