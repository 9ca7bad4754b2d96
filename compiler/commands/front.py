"""What every command that reads a policy does first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Front, Options, front

if TYPE_CHECKING:
    from cpc.compiler.memory import Memory

__all__ = ["parameters", "read_policies"]


def parameters(given: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` words as a mapping; InputError (CPC080) where one is not, or is given twice."""
    values: dict[str, str] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise InputError(
                error("CPC080", f"`--param {word}` sets nothing", help="write `--param NAME=VALUE`")
            )
        if name in values:
            raise InputError(error("CPC080", f"parameter `{name}` is given twice"))
        values[name] = value
    return values


def read_policies(
    terminal: Terminal,
    files: Sequence[str],
    params: Sequence[str],
    include: Sequence[str],
    inventory: Sequence[str] | None = None,
    memory: "Memory | None" = None,
    *,
    everyone: bool = False,
) -> Front:
    """Reads and resolves, as far as `memory` does not know it; the texts that were read are the terminal's from then on.

    `everyone` is as in `Options`.
    """
    options = Options(parameters(params), tuple(include), tuple(inventory or ()), everyone)
    read = front(files, options, terminal.timings, memory)
    terminal.sources.update(read.sources)
    return read
