"""`cpc check`: everything that is wrong, as the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from cpc.compiler.commands.exits import exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.pipeline import verify_policy

__all__ = ["Order", "run"]


@dataclass(frozen=True, slots=True)
class Order:
    """What to check, as given on the command line."""

    files: Sequence[str]
    inventory: str | None
    params: Sequence[str]
    include: Sequence[str]


def run(order: Order, terminal: Terminal) -> int:
    """Answers with the diagnostics; a warning counts as a finding."""
    with terminal.progress("checking"):
        read = read_policies(terminal, order.files, order.params, order.include, order.inventory)
        found = list(read.diagnostics)
        if read.policy is not None:
            found += verify_policy(read.policy, terminal.timings)[1]
    terminal.answer_report(found)
    return exit_of(found, strict=True)
