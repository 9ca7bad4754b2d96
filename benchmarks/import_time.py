"""How long manifests take to import and to check, and how much memory: shapes of 1 and 10 MB, on one core.

    python -m benchmarks.import_time [--sizes 1,10] [--shapes rules,pods] [--runs 1] [--output FOLDER]

Each command runs cold in a process of its own that is pinned to one core. Seconds are of user time, which
a busy machine changes little; the least of the runs counts. The table goes to standard output, and as
`import_time.json` into the folder.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.manifests import SHAPES, manifest_text
from benchmarks.pinned import environment, pin

__all__ = ["main"]

_COMMANDS = {"import": ("import", "--output", os.devnull), "check": ("check", "--format", "json")}
_PATIENCE = 120
"""Seconds of processor time after which a command is ended, and counts as that long."""


def _limit(process: int) -> None:
    """Puts a process that has just begun on one core, and ends it when it takes too long."""
    pin(process)
    resource.prlimit(process, resource.RLIMIT_CPU, (_PATIENCE, _PATIENCE))


def _command(words: Sequence[str], path: Path) -> tuple[float, int, int]:
    """Seconds of user time, kilobytes of the process at its largest, exit code (below 0: ended)."""
    cpc = Path(sys.executable).with_name("cpc")
    with subprocess.Popen(
        [cpc, *words, str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as process:
        _limit(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime, used.ru_maxrss, process.returncode


def measure(shape: str, megabytes: float, runs: int) -> dict[str, object]:
    """One row of the table."""
    row: dict[str, object] = {"shape": shape, "megabytes": megabytes}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "policies.json" if shape == "requests" else "policies.yaml")
        path.write_text(manifest_text(shape, int(megabytes * 1_000_000)))
        for name, words in _COMMANDS.items():
            found = min(_command(words, path) for _ in range(runs))
            row[f"{name}_user_s"], memory, row[f"{name}_exit"] = found
            row[f"{name}_memory_mb"] = memory // 1024
    return row


def main(words: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", default="1,10")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--output", default="reports")
    given = parser.parse_args(words)
    print("shape          MB    import: s   MB  exit   check: s   MB  exit")
    rows: list[dict[str, object]] = []
    for shape in given.shapes.split(","):
        for size in given.sizes.split(","):
            row = measure(shape, float(size), given.runs)
            rows.append(row)
            print(
                f"{shape:<14} {size:>3}    {row['import_user_s']:>7.2f} {row['import_memory_mb']:>6}"
                f" {row['import_exit']:>4}    {row['check_user_s']:>7.2f} {row['check_memory_mb']:>6}"
                f" {row['check_exit']:>4}",
                flush=True,
            )
    Path(given.output).mkdir(exist_ok=True)
    Path(given.output, "import_time.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
