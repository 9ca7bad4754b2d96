"""What the command-line parser objects to, as diagnostics."""

import re
from collections.abc import Sequence

import typer

from cpc.compiler.diagnostics import Diagnostic, error, suggest

__all__ = ["usage_error"]


def usage_error(problem: typer.TyperException, commands: Sequence[str]) -> Diagnostic:
    """The objection in our words, with a guess at what was meant among `commands` and options."""
    message = re.sub(r" \(Possible options: .*\)$", "", problem.format_message())
    message = message.replace("Value error, ", "").replace("No such option: ", "no such option ")
    message = re.sub(r"'([^']*)'", r"`\1`", message.strip().removesuffix("."))
    message = re.sub(r"(?<=option )(-\S*)$", r"`\1`", message)
    message = message[:1].lower() + message[1:]
    guess = _guess(problem, message, commands)
    if guess is not None:
        return error("CPC080", message, help=f"did you mean `{guess}`?")
    path = getattr(getattr(problem, "ctx", None), "command_path", "cpc")
    return error("CPC080", message, help=f"`{path} --help` shows what it takes")


def _guess(problem: typer.TyperException, message: str, commands: Sequence[str]) -> str | None:
    quoted = re.findall(r"`([^`]*)`", message)
    if message.startswith("no such command"):
        return suggest(quoted[0], list(commands))
    if message.startswith("no such option"):
        return suggest(quoted[0], list(getattr(problem, "possibilities", None) or ()))
    if "is not one of" in message:
        return suggest(quoted[1], quoted[2:])
    return None
