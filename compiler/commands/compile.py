"""`cpc compile`: policies to one artifact."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from cpc.compiler.commands.exits import Exit, exit_of
from cpc.compiler.commands.front import read_policies
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.pipeline import compile_policy

__all__ = ["Order", "run"]


@dataclass(frozen=True, slots=True)
class Order:
    """What to compile, for which kernel, and what to do with the result."""

    files: Sequence[str]
    output: str | None
    target: str | None
    inventory: str | None
    emit: str | None
    params: Sequence[str]
    include: Sequence[str]
