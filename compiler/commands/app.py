"""The root of the command line: every command in the order in which help lists them."""

from typing import Annotated

import typer

from cpc.compiler.commands import (
    comparison_commands,
    policy_commands,
    question_commands,
    runtime_commands,
)
from cpc.compiler.commands.job import Common
from cpc.compiler.commands.options import ColorOption, FormatOption, TimingsOption, VerboseOption
from cpc.compiler.commands.terminal import Terminal

__all__ = ["app", "command_names"]

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
    context.obj = Common(format, color, verbose, timings)


_COMMANDS = (
    policy_commands.compile,
    policy_commands.check,
    policy_commands.verify,
    question_commands.connectivity,
    question_commands.graph,
    question_commands.identities,
    comparison_commands.diff,
    question_commands.trace,
    question_commands.why,
    question_commands.test,
    policy_commands.fmt,
    policy_commands.import_,
    policy_commands.export,
    policy_commands.explain,
    policy_commands.init,
    runtime_commands.demo,
    runtime_commands.load,
    runtime_commands.unload,
    runtime_commands.status,
    runtime_commands.monitor,
    policy_commands.version,
)
_POLICY_COMMANDS = (runtime_commands.replace,)

for _command in _COMMANDS:
    app.command(_command.__name__.removesuffix("_"))(_command)
for _command in _POLICY_COMMANDS:
    policy_app.command()(_command)


def command_names() -> tuple[str, ...]:
    """Every word that can follow `cpc`, and those that can follow `cpc policy`."""
    names = (command.__name__.removesuffix("_") for command in (*_COMMANDS, *_POLICY_COMMANDS))
    return (*names, "policy")
