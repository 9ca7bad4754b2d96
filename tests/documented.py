"""The commands that documents show: found, run, and their output compared."""

import re
import subprocess
from pathlib import Path

from msgspec import Struct

__all__ = ["Block", "Shown", "blocks", "matches", "run", "shown"]

_FENCE = re.compile(r"^```(\w*)[ ]?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(Struct, frozen=True):
    """A fenced block: its language, the word after it, its text, and the line it starts on."""

    language: str
    extra: str
    text: str
    line: int


class Shown(Struct, frozen=True):
    """A command after `$ `, and the output that the document shows for it."""

    command: str
    output: tuple[str, ...]


def blocks(document: str) -> tuple[Block, ...]:
    """Every fenced block of a document."""
    return tuple(
        Block(found[1], found[2], found[3], document.count("\n", 0, found.start()) + 1)
        for found in _FENCE.finditer(document)
    )


def shown(block: Block) -> tuple[Shown, ...]:
    """The commands of a console block; lines after `> ` belong to the command above."""
    entries: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if (line == ">" or line.startswith("> ")) and entries and not entries[-1][1]:
            command, output = entries.pop()
            entries.append((f"{command}\n{line[2:]}", output))
        elif line.startswith("$ "):
            entries.append((line.removeprefix("$ "), []))
        else:
            assert entries, f"line {block.line}: output before any command"
            entries[-1][1].append(line)
    return tuple(Shown(command, tuple(output)) for command, output in entries)


def matches(expected: tuple[str, ...], output: str) -> bool:
    """Whether the output is as shown: `...` stands for any text, alone on a line for any lines."""
    parts = []
    for line in expected:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(r".*?".join(map(re.escape, line.rstrip().split("..."))) + r"[ ]*\n")
    text = output if output.endswith("\n") or not output else output + "\n"
    return re.fullmatch("".join(parts), text) is not None


def run(block: Block, folder: Path, environment: dict[str, str]) -> list[str]:
    """Runs a block's commands in `folder`, one after the other; what went otherwise than shown.

    A command that is shown without output must succeed; its output is not compared.
    """
    wrong = []
    for entry in shown(block):
        done = subprocess.run(
            ["bash", "-c", entry.command],
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        if entry.output:
            fine = matches(entry.output, done.stdout)
        else:
            fine = done.returncode == 0
        if not fine:
            wrong.append(f"$ {entry.command}\n{done.stdout}(exit code {done.returncode})")
    return wrong
