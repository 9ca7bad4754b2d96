"""`cpc check --watch`: the answer, and again whenever a file changes that it hangs on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

from msgspec.structs import replace
from watchfiles import watch

from cpc.compiler.commands import check
from cpc.compiler.commands.exits import Exit
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError
from cpc.compiler.lint.settings import FILE_NAME
from cpc.compiler.memory import Memory
from cpc.compiler.read import READ
from cpc.compiler.text import files_below
from cpc.compiler.timings import Timings

__all__ = ["run"]


_LOOK_AGAIN = 1000
"""Milliseconds after which files are looked at though nobody said that they changed."""

_SETTLE = 100
"""Milliseconds in which changes that belong together may come."""

_State: TypeAlias = Mapping[str, tuple[int, int, int] | None]
"""When each file was written, its size and its number; None: it is not there."""


def run(order: check.Order, terminal: Terminal) -> int:
    """Answers until it is interrupted. InputError (CPC080) where that cannot be."""
    if "-" in order.files:
        raise InputError(error("CPC080", "standard input cannot be watched", help="name a file"))
    if order.wishes.update_baseline:
        help = "update the baseline without `--watch`"
        raise InputError(error("CPC080", "a baseline is not updated while files change", help=help))
    last = check.kept_for(order)
    memory = Memory() if last is None else last.load()
    read: Sequence[str] = ()
    try:
        while True:
            earlier, before = read, _state(order, read)
            read = _answer(order, replace(terminal), memory) or read
            if last is not None:
                last.save(memory)
            # What is newly looked at is as it is now; what came since `before` was not there. In this order,
            # or what comes between both would be taken for known.
            now = _state(order, read)
            came = dict.fromkeys(_state(order, earlier))
            _wait(order, read, {**now, **came, **before})
    except KeyboardInterrupt:
        return Exit.CLEAN


def _answer(order: check.Order, terminal: Terminal, memory: Memory) -> Sequence[str]:
    """One answer with the time that it took; the names of the files that were read."""
    terminal.timings, terminal.sources = Timings(), {}
    begin = perf_counter()
    try:
        check.answer(order, terminal, memory)
    except InputError as failure:
        terminal.report(failure.diagnostics)
    terminal.say(f"cpc: checked in {perf_counter() - begin:.2f} s, waiting for changes")
    return tuple(terminal.sources)


def _wait(order: check.Order, read: Sequence[str], known: _State) -> None:
    """Returns when a file is not as it is known."""
    for _ in watch(
        *sorted(_folders(order, read)),
        watch_filter=None,
        recursive=False,
        debounce=_SETTLE,
        rust_timeout=_LOOK_AGAIN,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        if any(known.get(name) != state for name, state in _state(order, read).items()):
            return


def _state(order: check.Order, read: Sequence[str]) -> _State:
    """How the files are that an answer hangs on, or may: an include that is missing may come."""
    given = [*order.files, *(order.inventory or ()), *read, *_settings(order)]
    names = {name for name in given if not os.path.isdir(name)}
    for name in (*order.files, *(order.inventory or ())):
        if os.path.isdir(name):
            names.update(files_below(name, READ))
    for folder in _beside(order, read):
        with suppress(OSError):
            found = [name for name in os.listdir(folder) if name.lower().endswith(READ)]
            names.update(os.path.join(folder, name) for name in found)
    return {name: _stamp(name) for name in sorted(names)}


def _stamp(name: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(name)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _settings(order: check.Order) -> Iterator[str]:
    """The files that may say which findings are wanted."""
    here = Path.cwd()
    yield from (str(folder / FILE_NAME) for folder in (here, *here.parents))
    if order.wishes.baseline is not None:
        yield order.wishes.baseline


def _beside(order: check.Order, read: Sequence[str]) -> set[str]:
    """The folders in which includes are looked for."""
    return {*order.include, *(os.path.dirname(name) or "." for name in read)}


def _folders(order: check.Order, read: Sequence[str]) -> set[str]:
    """The folders in which something may change at any moment, and that are there."""
    given = (*order.files, *(order.inventory or ()))
    folders = {os.path.dirname(os.path.realpath(name)) for name in (*given, *read)}
    found = (name for name in given if os.path.isdir(name))
    return {f for f in (".", *folders, *found, *_beside(order, read)) if os.path.isdir(f)}
