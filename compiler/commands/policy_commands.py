"""What the commands take that work on policy files; their bodies are imported when they are asked for.

A command function returns a job; `cli` runs it, so that every failure of it ends in one place.
"""

import math
from functools import partial
from typing import Annotated

import typer

from cpc.compiler.commands.job import Job, terminal_of
from cpc.compiler.commands.options import (
    ColorOption,
    Emit,
    FormatOption,
    IncludeOption,
    InventoryOption,
    KindOption,
    ParamOption,
    PolicyFiles,
    ReportFormatOption,
    TargetOption,
    TimingsOption,
    VerboseOption,
)
from cpc.compiler.diagnostics import Severity
from cpc.compiler.exports.kinds import Kind

__all__ = ["check", "compile", "explain", "export", "fmt", "import_", "init", "verify", "version"]


def check(
    context: typer.Context,
    files: PolicyFiles,
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE,...", help="Only these rules: names, codes or CPC2; or all."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE,...", help="Not these rules; the more exact word wins."),
    ] = None,
    fail_level: Annotated[
        Severity | None, typer.Option(help="Exit with 1 from here on; warning by default.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Accept the findings that this file lists.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write today's findings to the baseline.")
    ] = False,
    notes: Annotated[
        bool, typer.Option("--notes", help="Say how rules hang together, too.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Answer again whenever a file changes, until Ctrl-C.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Find out everything anew, and keep nothing.")
    ] = False,
    format: ReportFormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Say everything that is wrong with policies."""
    from cpc.compiler.commands import check

    terminal = terminal_of(context, format, color, verbose, timings, reports=True)
    order = check.Order(
        files,
        inventory,
        param or (),
        include or (),
        check.Wishes(select, ignore or (), fail_level, baseline, update_baseline, notes),
        not no_cache,
    )
    if watch:
        from cpc.compiler.commands import watch as watching

        return Job(partial(watching.run, order), terminal)
    return Job(partial(check.run, order), terminal)


def _number(seconds: float | None) -> float | None:
    """Seconds that can be compared with others."""
    if seconds is not None and math.isnan(seconds):
        raise typer.BadParameter("nan is no number of seconds")
    return seconds


def verify(
    context: typer.Context,
    files: PolicyFiles,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.001, callback=_number, help="How long each assert may take."
        ),
    ] = None,
    certify: Annotated[
        bool, typer.Option("--certify", help="Prove with z3 too what is found about each rule.")
    ] = False,
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Prove the asserts of policies, or show why they do not hold."""
    from cpc.compiler.commands import verify

    terminal = terminal_of(context, format, color, verbose, timings)
    order = verify.Order(files, inventory, param or (), include or (), timeout, certify)
    return Job(partial(verify.run, order), terminal)


def compile(
    context: typer.Context,
    files: PolicyFiles,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Where the artifact goes.")
    ] = None,
    target: TargetOption = None,
    inventory: InventoryOption = None,
    emit: Annotated[
        Emit | None, typer.Option(help="Show one part instead of writing the artifact.")
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

    terminal = terminal_of(context, format, color, verbose, timings)
    order = compile.Order(files, output, target, inventory, emit, param or (), include or ())
    return Job(partial(compile.run, order), terminal)


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
    return Job(partial(fmt.run, order), terminal_of(context, format, color, verbose))


def import_(
    context: typer.Context,
    files: PolicyFiles,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where the policy goes, if not to stdout."
        ),
    ] = None,
    inventory: InventoryOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Write Kubernetes and Cilium policies in the language."""
    from cpc.compiler.commands import import_

    terminal = terminal_of(context, format, color, verbose, timings)
    order = import_.Order(files, output, inventory, include or ())
    return Job(partial(import_.run, order), terminal)


def export(
    context: typer.Context,
    files: PolicyFiles,
    kind: KindOption = Kind.AUTO,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where the objects go, if not to stdout."
        ),
    ] = None,
    inventory: InventoryOption = None,
    param: ParamOption = None,
    include: IncludeOption = None,
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
    timings: TimingsOption = False,
) -> Job:
    """Write policies as Kubernetes and Cilium objects."""
    from cpc.compiler.commands import export

    terminal = terminal_of(context, format, color, verbose, timings)
    order = export.Order(files, kind, output, inventory, param or (), include or ())
    return Job(partial(export.run, order), terminal)


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

    terminal = terminal_of(context, format, color, verbose)
    order = explain.Order(subject, files or (), include or ())
    return Job(partial(explain.run, order), terminal)


def init(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="[FOLDER]", help="Where to write.")] = ".",
    format: FormatOption = None,
    color: ColorOption = None,
    verbose: VerboseOption = False,
) -> Job:
    """Write a first policy and inventory to start from."""
    from cpc.compiler.commands import init

    return Job(partial(init.run, folder), terminal_of(context, format, color, verbose))


def version(context: typer.Context, format: FormatOption = None) -> Job:
    """Show the versions of cpc and of what it speaks."""
    from cpc.compiler.commands import version

    return Job(version.run, terminal_of(context, format))
