"""What a command becomes once its words are understood."""

from collections.abc import Callable
from dataclasses import dataclass

import typer

from cpc.compiler.commands.terminal import Color, Terminal
from cpc.compiler.report import Format

__all__ = ["Common", "Job", "terminal_of"]


@dataclass(frozen=True, slots=True)
class Job:
    """A command with all that it was given; `body` returns the exit code."""

    body: Callable[[Terminal], int]
    terminal: Terminal


@dataclass(frozen=True, slots=True)
class Common:
    """Options given before the command."""

    format: Format | None = None
    color: Color | None = None
    verbose: bool = False
    timings: bool = False


def terminal_of(
    context: typer.Context,
    format: Format | None = None,
    color: Color | None = None,
    verbose: bool = False,
    timings: bool = False,
) -> Terminal:
    """The options of a command over those given before it."""
    common = context.obj if isinstance(context.obj, Common) else Common()
    return Terminal(
        format=format or common.format or Format.PRETTY,
        color=color or common.color or Color.AUTO,
        verbose=verbose or common.verbose,
        show_timings=timings or common.timings,
    )
