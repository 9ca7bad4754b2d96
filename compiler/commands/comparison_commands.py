"""What the commands take that compare policies."""

from functools import partial
from typing import Annotated

import typer

from cpc.compiler.commands.job import Job, terminal_of
from cpc.compiler.commands.options import (
    ColorOption,
    FormatOption,
    IncludeOption,
    InventoryOption,
    ParamOption,
    TimingsOption,
    VerboseOption,
)

__all__ = ["diff"]


def diff(
    context: typer.Context,
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A file, a folder, -, or REV:path of git.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What is to come instead.")],
    more_old: Annotated[
        list[str] | None,
        typer.Option("--old", metavar="FILE", help="A further file of the old side."),
    ] = None,
    more_new: Annotated[
        list[str] | None,
        typer.Option("--new", metavar="FILE", help="A further file of the new side."),
    ] = None,
    connections: Annotated[
        bool,
        typer.Option(
            "--connections", help="Compare who may talk to whom, as `connectivity` lists."
        ),
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where anything differs.")
    ] = False,
    fail_on_widening: Annotated[
        bool,
        typer.Option("--fail-on-widening", help="Exit with 1 where anything is newly allowed."),
    ] = False,
    pcap: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a witness packet of each change.")
    ] = None,
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Show exactly what a new policy allows and denies otherwise."""
    from cpc.compiler.commands import diff

    terminal = terminal_of(context, format, color, verbose, timings)
    wishes = diff.Wishes(exit_code, fail_on_widening, pcap, connections)
    order = diff.Order(
        (old, *(more_old or ())),
        (new, *(more_new or ())),
        inventory,
        param or (),
        include or (),
        wishes,
    )
    return Job(partial(diff.run, order), terminal)
