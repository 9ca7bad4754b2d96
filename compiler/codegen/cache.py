"""Objects that were compiled before, by the hash of everything that went into them.

They live in `$CPC_CACHE`, or `~/.cache/cpc` (`$XDG_CACHE_HOME/cpc`); `CPC_CACHE=off` keeps none. Any
number of processes may share the folder: an entry appears whole or not at all, carries its own
hash, and is compiled again where that does not fit. A folder that cannot be used is no error.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["KEPT", "Cache", "cache_folder"]

KEPT = 256
"""Entries that are kept: those used last."""

_HASH = 32


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """Where objects are kept, or None where they are not."""
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
    """Objects by key (hex); without a folder it knows none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, key: str) -> bytes | None:
        """The object of a key, if it is there and whole."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}.o"
        try:
            data = path.read_bytes()
        except OSError:
            return None
        stored, object_ = data[:_HASH], data[_HASH:]
        if hashlib.sha256(object_).digest() != stored:
            return None
        with suppress(OSError):
            os.utime(path)
        return object_

    def put(self, key: str, object_: bytes) -> None:
        """Keeps an object; the oldest go where there are too many."""
        if self._folder is None:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(self._folder / f"{key}.o", hashlib.sha256(object_).digest() + object_)
            self._trim(self._folder)

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
        aged: list[tuple[float, Path]] = []
        for path in folder.glob("*.o"):
            with suppress(OSError):
                aged.append((path.stat().st_mtime, path))
        for _, path in sorted(aged)[:-KEPT]:
            with suppress(OSError):
                path.unlink()
