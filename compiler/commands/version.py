"""`cpc version`: what this is, and which versions of its formats it speaks."""

import json
from importlib.metadata import version
from platform import python_version

from cpc.compiler.artifact import FORMAT, LANGUAGE
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.report import Format

__all__ = ["run"]


def run(terminal: Terminal) -> int:
    """Answers with one fact a line, or one JSON object."""
    facts = {
        "cpc": version("cpc"),
        "language": str(LANGUAGE),
        "artifact": str(FORMAT),
        "python": python_version(),
    }
    if terminal.format is Format.JSON:
        terminal.answer(json.dumps(facts) + "\n")
    else:
        terminal.answer("".join(f"{name} {value}\n" for name, value in facts.items()))
    return Exit.CLEAN
