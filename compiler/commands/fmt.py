"""`cpc fmt`: the one layout."""

import os
import sys
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

from msgspec import Struct

from cpc.compiler.commands.exits import Exit, exit_of, worst
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import Diagnostic, Severity, error
from cpc.compiler.errors import InputError
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from cpc.compiler.text import STDIN, files_below, read_text
from cpc.compiler.write import write_whole

__all__ = ["Order", "run"]


class Order(Struct, frozen=True):
    """What to format; `check` and `diff` write nothing."""

    files: Sequence[str]
    check: bool
    diff: bool


def _found(paths: Sequence[str]) -> Iterator[str]:
    """Each file once: as given, and every `*.cil` below each folder that is not hidden."""
    seen: set[str] = set()
    for path in paths:
        names = [path]
        if path != "-" and os.path.isdir(path):
            names = files_below(path, (".cil",))
        for name in names:
            if name not in seen:
                seen.add(name)
                yield name


def _formatted(source: SourceFile, terminal: Terminal) -> tuple[str | None, list[Diagnostic]]:
    with terminal.timings.measure("parse"):
        file, found = parse(source)
    errors = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
    if errors:
        return None, errors
    with terminal.timings.measure("format"):
        return format_file(file), []


def _diff(name: str, before: str, after: str) -> str:
    lines = unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _one(path: str, order: Order, terminal: Terminal) -> tuple[int, list[Diagnostic]]:
    """Formats one file; the exit code of it alone, and what is wrong with it."""
    name = STDIN if path == "-" else path
    source, problem = read_text(path, name)
    if source is not None:
        terminal.sources[name] = source
    if source is None or problem is not None:
        found = [problem] if problem is not None else []
        return exit_of(found, strict=False), found
    text, found = _formatted(source, terminal)
    if text is None:
        return exit_of(found, strict=False), found
    changed = text != source.text if path == "-" else text.encode() != Path(path).read_bytes()
    if order.diff:
        terminal.answer(_diff(name, source.text, text))
    elif order.check:
        if changed:
            terminal.answer(f"{name}\n")
    elif path == "-":
        terminal.answer(text)
    elif changed:
        write_whole(path, text.encode())
    return Exit.FINDINGS if changed and (order.check or order.diff) else Exit.CLEAN, []


def run(order: Order, terminal: Terminal) -> int:
    """Formats every file that parses; answers only with `-`, `--check` and `--diff`."""
    codes: list[int] = []
    found: list[Diagnostic] = []
    for path in _found(order.files):
        try:
            code, problems = _one(path, order, terminal)
        except InputError as failure:
            code, problems = Exit.INPUT, list(failure.diagnostics)
        codes.append(code)
        found += problems
    if not codes:
        raise InputError(
            error("CPC080", "no `.cil` file in these folders", help="name a file or another folder")
        )
    terminal.report(found)
    if Exit.FINDINGS in codes and order.check and sys.stderr is not None:
        terminal.say(f"cpc: {codes.count(Exit.FINDINGS)} of {len(codes)} files would change")
    return worst(codes)
