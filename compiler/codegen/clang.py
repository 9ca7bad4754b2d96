"""clang, found and run: C in, an object out, the same bytes from any folder."""

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from cpc.compiler.codegen.clang_errors import (
    broken,
    missing,
    rejected,
    too_old,
    too_slow,
)
from cpc.compiler.codegen.targets import Target

__all__ = ["FLAGS", "MINIMUM", "SOURCE", "Clang", "find_clang", "flags_for"]

MINIMUM = 18
"""The first clang that knows `-mcpu=v4`."""

SOURCE = "policy.bpf.c"

FLAGS = (
    "--no-default-config",
    "-target",
    "bpf",
    "-O2",
    "-g",
    "-std=gnu11",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fdebug-compilation-dir=.",
    "-ffile-prefix-map=/usr/include=include",
    "-ffile-prefix-map=/usr/lib=lib",
)
"""What every object is compiled with; the places of headers come on top, and are not recorded."""

_NAMES = ("clang-19", "clang-20", "clang-21", "clang-18", "clang")
_TIMEOUT = 300.0
_VERSION = re.compile(r"clang version (\d+)[.\d]*")


def flags_for(target: Target) -> tuple[str, ...]:
    """The recorded flags of a target."""
    return (*FLAGS, f"-mcpu={target.cpu}")


class Clang(Struct, frozen=True):
    """A clang that is new enough; `version` is the line in which it says so."""

    path: str
    version: str
    timeout: float = _TIMEOUT

    def preprocess(self, files: Mapping[str, str], flags: Sequence[str]) -> bytes:
        """The source with everything that it includes; InputError (CPC5xx) where clang refuses."""
        return self._run(files, [*flags, "-E", SOURCE, "-o", "out"])

    def compile(self, files: Mapping[str, str], flags: Sequence[str]) -> bytes:
        """The object of `policy.bpf.c` among `files` (names relative, `lib/...` included).

        InputError: CPC504 or CPC505 where clang refuses, CPC506 where it does not end.
        """
        return self._run(files, [*flags, "-c", SOURCE, "-o", "out"])

    def _run(self, files: Mapping[str, str], arguments: Sequence[str]) -> bytes:
        """One run in a folder of its own, from which every name is relative."""
        with tempfile.TemporaryDirectory(prefix="cpc-") as name:
            folder = Path(name)
            for file, text in files.items():
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            try:
                done = subprocess.run(
                    [self.path, *arguments, *_header_flags()],
                    cwd=folder,
                    env=_environment(name),
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=self.timeout,
                    check=False,
                )
            except subprocess.TimeoutExpired as late:
                raise too_slow(self.path, self.timeout) from late
            except OSError as failure:
                raise broken(self.path, failure.strerror or str(failure)) from failure
            said = done.stderr.decode("utf-8", "replace")
            if done.returncode != 0:
                raise rejected(self.path, done.returncode, said, files[SOURCE])
            try:
                return (folder / "out").read_bytes()
            except OSError as nothing:
                raise broken(self.path, "it ended well and left no object") from nothing


def find_clang(environment: Mapping[str, str] | None = None) -> Clang:
    """The clang of `$CPC_CLANG`, or the first that `PATH` has under one of its usual names.

    InputError: CPC501 where there is none, CPC502 where all are too old, CPC503 where one does not run.
    """
    variables = os.environ if environment is None else environment
    chosen = variables.get("CPC_CLANG", "")
    names = (chosen,) if chosen else _NAMES
    path = variables.get("PATH", os.defpath)
    found = [where for name in names if (where := shutil.which(name, path=path))]
    if not found:
        raise missing(names)
    lines = []
    for where in found:
        major, line = _version(where, os.stat(where).st_mtime_ns)
        if major >= MINIMUM:
            return Clang(where, line)
        lines.append(line)
    raise too_old(found[0], lines[0], MINIMUM)


@cache
def _version(path: str, changed: int) -> tuple[int, str]:
    """The major version of a clang, and the line that names it; asked again when the file `changed`."""
    try:
        done = subprocess.run(
            [path, "--version"],
            env=_environment(None),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise too_slow(path, 30) from late
    except OSError as failure:
        raise broken(path, failure.strerror or str(failure)) from failure
    text = done.stdout.decode("utf-8", "replace")
    match = _VERSION.search(text)
    if done.returncode != 0 or match is None:
        raise broken(path, "`--version` does not say which clang it is")
    line = next(line for line in text.splitlines() if _VERSION.search(line))
    return int(match[1]), line.strip()


def _environment(folder: str | None) -> dict[str, str]:
    """Nothing of the caller's: `CPATH`, `CCC_OVERRIDE_OPTIONS` and their like change what is compiled."""
    base = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
    return base if folder is None else base | {"TMPDIR": folder}


def _header_flags() -> list[str]:
    """Where Debian and its kin keep `asm/types.h`, which `-target bpf` does not look for."""
    triple = sysconfig.get_config_var("MULTIARCH")
    folders = [Path("/usr/include") / triple] if isinstance(triple, str) and triple else []
    folders += sorted(Path("/usr/include").glob("*-linux-gnu*"))
    for folder in folders:
        if (folder / "asm" / "types.h").exists():
            return ["-idirafter", str(folder)]
    return []
