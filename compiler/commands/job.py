"""What a command becomes once its words are understood."""

from collections.abc import Callable

import typer
from msgspec import Struct

from cpc.compiler.commands.terminal import Color, Terminal
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.report import PLAIN, Format

__all__ = ["Common", "Job", "terminal_of"]


class Job(Struct, frozen=True):
    """A command with all that it was given; `body` returns the exit code."""

    body: Callable[[Terminal], int]
    terminal: Terminal


class Common(Struct, frozen=True):
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
    *,
    reports: bool = False,
) -> Terminal:
    """The options of a command over those given before it.

    `reports`: its answer are diagnostics, so that it has every format; InputError (CPC080) where another
    command is asked for one of those.
    """
    common = context.obj if isinstance(context.obj, Common) else Common()
    chosen = format or common.format or Format.PRETTY
    if chosen not in PLAIN and not reports:
        help = "choose `pretty`, `concise` or `json`"
        raise InputError(error("CPC080", f"`--format {chosen}` is for `cpc check`", help=help))
    return Terminal(
        format=chosen,
        color=color or common.color or Color.AUTO,
        verbose=verbose or common.verbose,
        show_timings=timings or common.timings,
    )
