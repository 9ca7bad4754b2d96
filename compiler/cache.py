"""What was worked out before, by the hash of everything that went into it.

It lives in `$CPC_CACHE`, or `~/.cache/cpc` (`$XDG_CACHE_HOME/cpc`); `CPC_CACHE=off` keeps nothing. Any
number of processes may share the folder: an entry appears whole or not at all, carries its own
hash, and is worked out again where that does not fit. A folder that cannot be used is no error; one
that others may write to is not used.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

__all__ = ["OBJECTS", "POLICIES", "Cache", "Kind", "cache_folder"]


class Kind(Struct, frozen=True):
    """Entries whose files end so; those used last are kept: so many, and so many bytes together."""

    ending: str
    most: int
    most_bytes: int


OBJECTS = Kind(".o", 256, 256 << 20)
POLICIES = Kind(".policy", 32, 512 << 20)

_HASH = 32


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """Where entries are kept, or None where they are not."""
    chosen = environment.get("CPC_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen)
    base = environment.get("XDG_CACHE_HOME") or ""
    if os.path.isabs(base):
        return Path(base) / "cpc"
    home = environment.get("HOME") or ""
    return Path(home) / ".cache" / "cpc" if os.path.isabs(home) else None


class Cache:
    """Entries of one kind by key (hex); without a folder it knows none."""

    def __init__(self, folder: Path | None, kind: Kind) -> None:
        self._folder = folder
        self._kind = kind

    def get(self, key: str) -> bytes | None:
        """The entry of a key, if it is there and whole."""
        if self._folder is None:
            return None
        path = self._path(key)
        try:
            if not _is_ours(self._folder):
                return None
            data = path.read_bytes()
        except OSError:
            return None
        stored, entry = data[:_HASH], data[_HASH:]
        if hashlib.sha256(entry).digest() != stored:
            return None
        with suppress(OSError):
            os.utime(path)
        return entry

    def put(self, key: str, entry: bytes) -> None:
        """Keeps an entry; the oldest go where there are too many."""
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_ours(self._folder):
                self._write(self._path(key), hashlib.sha256(entry).digest() + entry)
                self._trim(self._folder)

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}{self._kind.ending}"

    def _write(self, path: Path, data: bytes) -> None:
        handle, scratch = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(scratch, path)
        except OSError:
            with suppress(OSError):
                os.unlink(scratch)
            raise

    def _trim(self, folder: Path) -> None:
        aged: list[tuple[float, int, Path]] = []
        for path in folder.glob(f"*{self._kind.ending}"):
            with suppress(OSError):
                status = path.stat()
                aged.append((status.st_mtime, status.st_size, path))
        room = self._kind.most_bytes
        for number, (_, size, path) in enumerate(sorted(aged, reverse=True)):
            room -= size
            if number >= self._kind.most or (room < 0 and number > 0):
                with suppress(OSError):
                    path.unlink()


def _is_ours(folder: Path) -> bool:
    """Whether nobody but us (and root) can have written what is in a folder."""
    status = os.stat(folder)
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
