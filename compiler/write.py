"""Files appear whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError

__all__ = ["write_whole"]


def _mode(target: Path) -> int:
    """The permission bits of `target`, or those that a new file would get."""
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0o022)
        os.umask(mask)
        return 0o666 & ~mask


def write_whole(name: str, data: bytes) -> None:
    """Replaces the file in one step, keeping its permissions; a link stays and its target changes.

    Raises InputError (CPC083); the old file is then unchanged.
    """
    target = Path(os.path.realpath(name))
    try:
        mode = _mode(target)
        handle, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.replace(scratch, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(scratch)
            raise
    except OSError as failure:
        reason = (failure.strerror or str(failure)).lower()
        raise InputError(
            error(
                "CPC083",
                f"cannot write `{name}`: {reason}",
                help="name a file in a folder that exists and is writable",
            )
        ) from failure
