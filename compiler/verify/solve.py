"""Asking the solver: three answers, and unknown is never taken for one of the others."""

from typing import TypeAlias

import z3
from msgspec import Struct

__all__ = ["Answer", "Holds", "Refuted", "Unknown", "never"]

SECONDS = 20
"""How long one query may take."""


class Holds(Struct, frozen=True):
    """No assignment satisfies the query."""


class Refuted(Struct, frozen=True):
    """An assignment does."""

    model: z3.ModelRef


class Unknown(Struct, frozen=True):
    """The solver gave up, for this reason."""

    why: str


Answer: TypeAlias = Holds | Refuted | Unknown


def never(*constraints: z3.BoolRef, seconds: float = SECONDS) -> Answer:
    """Whether the constraints exclude each other; unknown after so many seconds."""
    solver = z3.Solver()
    solver.set("timeout", max(1, int(seconds * 1000)))
    solver.add(*constraints)
    outcome = solver.check()
    if outcome == z3.unsat:
        return Holds()
    if outcome == z3.sat:
        return Refuted(solver.model())
    return Unknown(solver.reason_unknown())
