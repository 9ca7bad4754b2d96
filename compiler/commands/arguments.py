"""What each command takes. What it does is in the module of its name, imported when it is asked for.

A command function returns a job; `cli` runs it, so that every failure of it ends in one place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer

from cpc.compiler.commands.options import (
    ColorOption,
    FormatOption,
    IncludeOption,
    InstanceOption,
    InventoryOption,
    JsonOption,
    ParamOption,
    PolicyFiles,
    TargetOption,
    TimingsOption,
    VerboseOption,
)
from cpc.compiler.commands.terminal import Color, Terminal
from cpc.compiler.report import Format

__all__ = ["Job", "app", "command_names"]


@dataclass(frozen=True, slots=True)
class Job:
    """A command with all that it was given; `body` returns the exit code."""

    body: Callable[[Terminal], int]
    terminal: Terminal


@dataclass(frozen=True, slots=True)
class _Common:
    """Options given before the command."""

    format: Format | None = None
    color: Color | None = None
    verbose: bool = False
    timings: bool = False


app = typer.Typer(
    name="cpc",
    rich_markup_mode=None,
    add_completion=False,
    suggest_commands=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
policy_app = typer.Typer(
    rich_markup_mode=None, suggest_commands=False, help="The policy that is loaded."
)
app.add_typer(policy_app, name="policy")


def _terminal(
    context: typer.Context,
    format: Format | None = None,
    color: Color | None = None,
    verbose: bool = False,
    timings: bool = False,
) -> Terminal:
    common = context.obj if isinstance(context.obj, _Common) else _Common()
    return Terminal(
        format=format or common.format or Format.PRETTY,
        color=color or common.color or Color.AUTO,
        verbose=verbose or common.verbose,
        show_timings=timings or common.timings,
    )


def _version(wanted: bool) -> None:
    if wanted:
        from cpc.compiler.commands import version

        version.run(Terminal())
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Compile a network security policy to eBPF, check it, load it, watch it.

    Exit codes: 0 clean, 1 findings, 2 bad usage or input, 3 undecided in time, 4 internal error.
    """
    context.obj = _Common(format, color, verbose, timings)


@app.command()
def check(
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
    """Say everything that is wrong with policies."""
    from cpc.compiler.commands import check

    terminal = _terminal(context, format, color, verbose, timings)
    order = check.Order(files, inventory, param or (), include or ())
    return Job(partial(check.run, order), terminal)


@app.command()
def compile(
    context: typer.Context,
    files: PolicyFiles,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Where the artifact goes.")
    ] = None,
    target: TargetOption = None,
    inventory: InventoryOption = None,
    emit: Annotated[
        str | None,
        typer.Option(metavar="PART", help="Show one part instead: c, ir, object or manifest."),
    ] = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Compile policies to one artifact. Needs clang, no root."""
    from cpc.compiler.commands import compile

    terminal = _terminal(context, format, color, verbose, timings)
    order = compile.Order(files, output, target, inventory, emit, param or (), include or ())
    return Job(partial(compile.run, order), terminal)


@app.command()
def fmt(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Files, folders, or - for standard input."),
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name what would change, exit 1.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change, exit 1.")
    ] = False,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Rewrite policies in the one layout."""
    from cpc.compiler.commands import fmt

    order = fmt.Order(files, check, diff)
    return Job(partial(fmt.run, order), _terminal(context, format, color, verbose))


@app.command()
def explain(
    context: typer.Context,
    subject: Annotated[
        str | None, typer.Argument(metavar="[CODE|NAME]", help="CPC203, or a name in a policy.")
    ] = None,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE...]", help="Where the name is defined.")
    ] = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Show the page of a code, or what a policy says of a name."""
    from cpc.compiler.commands import explain

    terminal = _terminal(context, format, color, verbose)
    order = explain.Order(subject, files or (), include or ())
    return Job(partial(explain.run, order), terminal)


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="[FOLDER]", help="Where to write.")] = ".",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Write a first policy and inventory to start from."""
    from cpc.compiler.commands import init

    return Job(partial(init.run, folder), _terminal(context, format, color, verbose))


@app.command()
def version(context: typer.Context, format: FormatOption = None) -> Job:
    """Show the versions of cpc and of what it speaks."""
    from cpc.compiler.commands import version

    return Job(version.run, _terminal(context, format))


@app.command()
def load(
    context: typer.Context,
    artifact: Annotated[str, typer.Argument(metavar="ARTIFACT", help="What `compile` wrote.")],
    inventory: Annotated[
        str, typer.Option("--inventory", metavar="FILE", help="The endpoints of this machine.")
    ],
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Enforce an artifact on this machine. Needs root."""
    from cpc.compiler.commands import runtime

    terminal = _terminal(context, format, color, verbose)
    return Job(partial(runtime.load, artifact, inventory, instance), terminal)


@app.command()
def unload(
    context: typer.Context,
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Stop enforcing and leave no trace. Needs root."""
    from cpc.compiler.commands import runtime

    return Job(partial(runtime.unload, instance), _terminal(context, format, color, verbose))


@app.command()
def status(
    context: typer.Context,
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Show what is loaded and what it counted. Needs root."""
    from cpc.compiler.commands import runtime

    return Job(partial(runtime.status, instance), _terminal(context, format, color, verbose))


@policy_app.command()
def replace(
    context: typer.Context,
    artifact: Annotated[str, typer.Argument(metavar="ARTIFACT", help="What `compile` wrote.")],
    instance: InstanceOption = "node",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Enforce another artifact from one packet to the next."""
    from cpc.compiler.commands import runtime

    terminal = _terminal(context, format, color, verbose)
    return Job(partial(runtime.replace, artifact, instance), terminal)


@app.command()
def monitor(
    context: typer.Context,
    instance: InstanceOption = "node",
    json: JsonOption = False,
    drops: Annotated[bool, typer.Option("--drops/--all", help="Drops only, or all.")] = True,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop after so many events.")
    ] = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Show verdicts with the rule that decided. Needs root."""
    from cpc.compiler.commands import runtime

    terminal = _terminal(context, Format.JSON if json else None, color, verbose)
    return Job(partial(runtime.monitor, instance, drops, count), terminal)


@app.command()
def demo(
    context: typer.Context,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Enforce a small shop's policy on real packets. Needs root."""
    from cpc.compiler.commands import demo

    return Job(demo.run, _terminal(context, format, color, verbose))


def command_names() -> tuple[str, ...]:
    """Every word that can follow `cpc`, and those that can follow `cpc policy`."""
    known = [*app.registered_commands, *policy_app.registered_commands]
    functions = [command.callback.__name__ for command in known if command.callback is not None]
    return (*functions, "policy")
