"""What the commands take that work on the kernel; their bodies are imported when they are asked for."""

from functools import partial
from typing import Annotated

import typer

from cpc.compiler.commands.job import Job, terminal_of
from cpc.compiler.commands.options import (
    ColorOption,
    FormatOption,
    InstanceOption,
    InventoryOption,
    JsonOption,
    TimingsOption,
    VerboseOption,
)
from cpc.compiler.report import Format

__all__ = ["demo", "load", "monitor", "replace", "status", "unload"]


def load(
    context: typer.Context,
    artifact: Annotated[str, typer.Argument(metavar="ARTIFACT", help="What `compile` wrote.")],
    inventory: Annotated[
        list[str],
        typer.Option(
            "--inventory", metavar="FILE", help="The endpoints of this machine; may be repeated."
        ),
    ],
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Enforce an artifact on this machine. Needs root."""
    from cpc.compiler.commands import runtime

    terminal = terminal_of(context, format, color, verbose)
    return Job(partial(runtime.load, artifact, inventory, instance), terminal)


def unload(
    context: typer.Context,
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Stop enforcing and leave no trace. Needs root."""
    from cpc.compiler.commands import runtime

    return Job(partial(runtime.unload, instance), terminal_of(context, format, color, verbose))


def status(
    context: typer.Context,
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Show what is loaded and what it counted. Needs root."""
    from cpc.compiler.commands import runtime

    return Job(partial(runtime.status, instance), terminal_of(context, format, color, verbose))


def replace(
    context: typer.Context,
    artifact: Annotated[str, typer.Argument(metavar="ARTIFACT", help="What `compile` wrote.")],
    inventory: InventoryOption = None,
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Enforce another artifact from one packet to the next."""
    from cpc.compiler.commands import runtime

    terminal = terminal_of(context, format, color, verbose)
    return Job(partial(runtime.replace, artifact, inventory, instance), terminal)


def monitor(
    context: typer.Context,
    instance: InstanceOption = "node",
    json: JsonOption = False,
    drops: Annotated[bool, typer.Option("--drops", help="Drops only.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every packet.")] = False,
    endpoint: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this endpoint; may be repeated.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after so many events.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", min=0, help="Stop after so many seconds.")
    ] = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Show verdicts with the rule that decided. Needs root.

    Without --drops and --all: drops, and the first packet of each connection.
    """
    from cpc.compiler.commands import monitor

    terminal = terminal_of(context, Format.JSON if json else None, color, verbose)
    order = monitor.Order(instance, drops, every, tuple(endpoint or ()), count, seconds)
    return Job(partial(monitor.run, order), terminal)


def demo(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Which demo: shop or starwars.")
    ] = "shop",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Enforce a small policy on real packets. Needs root."""
    from cpc.compiler.commands import demo

    return Job(partial(demo.run, name), terminal_of(context, format, color, verbose, timings))
