"""What the commands take that ask a policy about connections."""

from functools import partial
from typing import Annotated

import typer

from cpc.compiler.commands.job import Job, terminal_of
from cpc.compiler.commands.options import (
    ColorOption,
    FormatOption,
    IncludeOption,
    InventoryOption,
    Listing,
    ParamOption,
    PolicyFiles,
    TimingsOption,
    VerboseOption,
)

__all__ = ["connectivity", "graph", "identities", "test", "trace", "why"]

ConnectionArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONNECTION", help="As a test case without its verdict: 'web -> db tcp/5432'."
    ),
]
NamespaceOption = Annotated[
    str,
    typer.Option(
        "-n", "--namespace", metavar="NAME", help="Labels of CONNECTION hold in this namespace."
    ),
]


def trace(
    context: typer.Context,
    files: PolicyFiles,
    connection: ConnectionArgument,
    namespace: NamespaceOption = "",
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Show how both sides decide a connection, rule by rule."""
    from cpc.compiler.commands import trace

    terminal = terminal_of(context, format, color, verbose, timings)
    order = trace.Order(files, connection, namespace, inventory, param or (), include or ())
    return Job(partial(trace.trace, order), terminal)


def why(
    context: typer.Context,
    files: PolicyFiles,
    connection: ConnectionArgument,
    namespace: NamespaceOption = "",
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Show why a connection is allowed or denied."""
    from cpc.compiler.commands import trace

    terminal = terminal_of(context, format, color, verbose, timings)
    order = trace.Order(files, connection, namespace, inventory, param or (), include or ())
    return Job(partial(trace.why, order), terminal)


def test(
    context: typer.Context,
    files: PolicyFiles,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Show which rules decide no case.")
    ] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Show which slips in rules no case would notice.")
    ] = False,
    junit: Annotated[
        str | None, typer.Option("--junit", metavar="FILE", help="Write the results there too.")
    ] = None,
    kernel: Annotated[
        bool, typer.Option("--kernel", help="Ask the loaded program too. Needs root and clang.")
    ] = False,
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Run the tests that policies bring along."""
    from cpc.compiler.commands import test

    terminal = terminal_of(context, format, color, verbose, timings)
    order = test.Order(
        files, inventory, param or (), include or (), coverage, mutate, junit, kernel
    )
    return Job(partial(test.run, order), terminal)


def connectivity(
    context: typer.Context,
    files: PolicyFiles,
    inventory: InventoryOption = None,
    emit: Annotated[
        Listing | None, typer.Option(help="The form of the list; txt by default.")
    ] = None,
    entities: Annotated[
        bool, typer.Option("--entities", help="List the host, nodes and other entities too.")
    ] = False,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """List who may talk to whom. Workloads among the policies are the inventory, where none is given."""
    from cpc.compiler.commands import connectivity

    terminal = terminal_of(context, format, color, verbose, timings)
    order = connectivity.Order(files, inventory, emit, entities, param or (), include or ())
    return Job(partial(connectivity.run, order), terminal)


def identities(
    context: typer.Context,
    files: PolicyFiles,
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Show which label keys matter, with the proof."""
    from cpc.compiler.commands import identities

    terminal = terminal_of(context, format, color, verbose, timings)
    order = identities.Order(files, inventory, param or (), include or ())
    return Job(partial(identities.run, order), terminal)


def graph(
    context: typer.Context,
    files: PolicyFiles,
    inventory: InventoryOption = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Where the page goes.")
    ] = None,
    entities: Annotated[
        bool, typer.Option("--entities", help="Show the host, nodes and other entities too.")
    ] = False,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Draw who may reach whom, and by which lines, as HTML."""
    from cpc.compiler.commands import graph

    terminal = terminal_of(context, format, color, verbose, timings)
    order = graph.Order(files, inventory, output, entities, param or (), include or ())
    return Job(partial(graph.run, order), terminal)
