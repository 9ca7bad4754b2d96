"""Exit codes, and which one wins."""

from collections.abc import Iterable
from enum import IntEnum

from cpc.compiler.diagnostics import Diagnostic, Severity

__all__ = ["Exit", "exit_of", "worst"]


class Exit(IntEnum):
    """What a run of cpc says to the shell."""

    CLEAN = 0
    FINDINGS = 1
    INPUT = 2
    UNDECIDED = 3
    INTERNAL = 4


_PRECEDENCE = (Exit.INTERNAL, Exit.INPUT, Exit.UNDECIDED, Exit.FINDINGS, Exit.CLEAN)


def worst(codes: Iterable[int]) -> int:
    """The code that wins: 4, 2, 3, 1, 0 in this order."""
    return min(codes, key=lambda code: _PRECEDENCE.index(Exit(code)), default=Exit.CLEAN)


def exit_of(diagnostics: Iterable[Diagnostic], *, strict: bool) -> int:
    """2 where an error says that the input is bad, 1 where the verifier found something.

    `strict`: a warning of any kind is a finding too; notes never are.
    """

    def one(diagnostic: Diagnostic) -> int:
        finding = diagnostic.code.startswith("CPC2")
        match diagnostic.severity:
            case Severity.ERROR:
                return Exit.FINDINGS if finding else Exit.INPUT
            case Severity.WARNING:
                return Exit.FINDINGS if strict else Exit.CLEAN
            case Severity.NOTE:
                return Exit.CLEAN

    return worst(map(one, diagnostics))
