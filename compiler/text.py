"""Bytes of the world as text: one file or standard input, decoded, or a diagnostic that says why not."""

import errno
import os
import stat
import sys
from pathlib import Path

from cpc.compiler.diagnostics import Diagnostic, error, suggest
from cpc.compiler.source import SourceFile, Span

__all__ = ["MAX_BYTES", "STDIN", "decode", "files_below", "near_file", "read_text"]

MAX_BYTES = 64 << 20
"""The largest text that is read: far above any policy, far below what would exhaust memory."""

STDIN = "<stdin>"
"""The name that spans carry for standard input."""


def read_text(
    path: str, name: str, place: Span | None = None
) -> tuple[SourceFile | None, Diagnostic | None]:
    """The text of one file (`-`: standard input) under `name`, and what is wrong with it (CPC001-CPC006).

    `place` is the statement that asked for the file. A text that is not UTF-8 comes with its bad
    bytes replaced, so that the line can be shown.
    """
    try:
        data = _bytes(path)
    except OSError as failure:
        return None, _unreadable(path, name, failure, place)
    if len(data) > MAX_BYTES:
        return None, error(
            "CPC006",
            f"`{name}` is larger than {MAX_BYTES >> 20} MB",
            place,
            help="split it, or check that it is the file you meant",
        )
    return decode(data, name)


def files_below(folder: str, endings: tuple[str, ...]) -> list[str]:
    """The files in a folder and its folders whose names end so, sorted; nothing that is hidden.

    Links to folders are followed, each folder is read once, under its own name if that is below. Pipes,
    sockets and devices are left out. A folder that cannot be read is among the answers: reading it says why.
    """
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    folders, links = [folder], list[str]()
    while folders or links:
        here = folders.pop() if folders else links.pop(0)
        try:
            status = os.stat(here)
            if (status.st_dev, status.st_ino) in seen:
                continue
            names = sorted(os.listdir(here))
        except OSError:
            found.append(str(Path(here)))
            continue
        seen.add((status.st_dev, status.st_ino))
        for name in names:
            path = os.path.join(here, name)
            if name.startswith("."):
                continue
            if os.path.isdir(path):
                (links if os.path.islink(path) else folders).append(path)
            elif name.lower().endswith(endings) and not _is_special(path):
                found.append(str(Path(path)))
    return sorted(found)


def _is_special(path: str) -> bool:
    """Whether reading may never end; a path that leads nowhere is none, so that reading it says so."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def decode(data: bytes, name: str) -> tuple[SourceFile, Diagnostic | None]:
    """Bytes as text without byte order mark and with `\\n` line ends; CPC004 or CPC005 otherwise."""
    text = _normal(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
    source = SourceFile(name, text)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as failure:
        return source, _bad_encoding(data, source, failure)
    if not text.strip():
        return source, error(
            "CPC005",
            f"`{name}` is empty",
            source.span(0, 0),
            help="check that it is the file you meant",
        )
    return source, None


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bytes(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _unreadable(path: str, name: str, failure: OSError, place: Span | None) -> Diagnostic:
    match failure.errno:
        case errno.ENOENT | errno.ENOTDIR:
            near = near_file(os.path.basename(path), _siblings(path))
            help = f"did you mean `{near}`?" if near else "check the path"
            return error("CPC001", f"`{name}` does not exist", place, help=help)
        case errno.EISDIR:
            help = "name a file in it"
            if place is not None:
                help = "include files; only the command line takes directories"
            return error("CPC003", f"`{name}` is a directory", place, help=help)
        case errno.EACCES | errno.EPERM:
            help = "give yourself read permission, or run as its owner"
            return error("CPC002", f"no permission to read `{name}`", place, help=help)
        case _:
            why = (failure.strerror or "input/output error").lower()
            return error("CPC002", f"cannot read `{name}`: {why}", place, help="check the path")


def near_file(name: str, known: list[str]) -> str | None:
    """The known file name that `name` most likely meant to be; None when nothing is near.

    Endings alone make no two names alike: what stands before them must be near too.
    """
    near = suggest(name, known, 0.75)
    if near is None or suggest(os.path.splitext(name)[0], [os.path.splitext(near)[0]], 0.7) is None:
        return None
    return near


def _siblings(path: str) -> list[str]:
    """The names beside a path, for typo guesses."""
    try:
        return os.listdir(os.path.dirname(path) or ".")
    except OSError:
        return []


def _bad_encoding(data: bytes, source: SourceFile, failure: UnicodeDecodeError) -> Diagnostic:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return error(
            "CPC004",
            f"`{source.name}` is UTF-16, not UTF-8",
            source.span(0, 1),
            help="save it as UTF-8",
        )
    before = data[: failure.start].removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    offset = len(_normal(before))
    return error(
        "CPC004",
        f"`{source.name}` is not valid UTF-8",
        source.span(offset, offset + 1),
        label=f"byte 0x{data[failure.start]:02x}",
        help="save the file as UTF-8",
    )
