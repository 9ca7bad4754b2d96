"""How long the verifier takes, and how much memory: policies of 100 to 100,000 rules, on one core.

    python -m benchmarks.verification [--sizes 100,1000,10000] [--runs 3] [--output FOLDER]

For each size: the engine alone (a resolved policy in, findings out) and the whole command `cpc check`,
cold, each in a process of its own pinned to one core; then, after one rule was replaced by another, a check in
a process that knows the policy (the text in, diagnostics out), and the command again with what it kept of the
last run. Minima and medians of the runs. The table goes to standard output, and as `verification.json` into
the folder. Before it stands how long ten million additions in a loop of Python took before and after: what a second is
worth on the machine.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pinned import environment, pin
from benchmarks.policies import Shape, policy_text

__all__ = ["main"]

_ENGINE = """
import gc, resource, sys, time
gc.set_threshold(200_000)
from cpc.compiler.pipeline import Options, front
from cpc.compiler.timings import Timings
from cpc.compiler.verify.engine.analyse import analyse
policy = front([sys.argv[1]], Options(), Timings()).policy
begin = time.perf_counter()
found = analyse(policy)
seconds = time.perf_counter() - begin
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(found))
"""

_EDITED = """
import gc, sys, time
gc.set_threshold(10_000_000)
from pathlib import Path
from benchmarks.verification import edited
from cpc.compiler.lint.settings import Settings
from cpc.compiler.memory import Memory
from cpc.compiler.pipeline import Options, front, lint_policy
from cpc.compiler.timings import Timings
path, memory = Path(sys.argv[1]), Memory()

def check():
    begin = time.perf_counter()
    read = front([str(path)], Options(), Timings(), memory)
    lint_policy(read, (), Settings(), Timings(), memory)
    assert not read.failed
    return time.perf_counter() - begin

check()
for number in range(int(sys.argv[2]) + 2):
    path.write_text(edited(path.read_text(), number))
    seconds = check()
    if number > 1:
        print(seconds)
"""


def edited(text: str, number: int) -> str:
    """A policy with another rule in the place of one of its rules."""
    lines = text.split("\n")
    at = 2 + (number + 1) * 7919 % (len(lines) - 3)
    app = '{{ "k8s:app" = "app-{}" }}'
    sides = f"{app.format(number)} -> {app.format(number + 1)}"
    lines[at] = f"egress allow edited-{number}: {sides} tcp/{8000 + number}"
    return "\n".join(lines)


def _engine(path: Path) -> tuple[float, int, int]:
    """Seconds of the engine, kilobytes of the process at its largest, findings."""
    done = subprocess.run(
        [sys.executable, "-c", _ENGINE, str(path)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=pin,
    )
    seconds, memory, found = done.stdout.split()
    return float(seconds), int(memory), int(found)


def _edited(path: Path, runs: int) -> list[float]:
    """Seconds of checks in one process, each after one more rule was replaced."""
    done = subprocess.run(
        [sys.executable, "-c", _EDITED, str(path), str(runs)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=pin,
    )
    return [float(line) for line in done.stdout.split()]


def _command(path: Path, cache: Path | None = None) -> float:
    """Seconds of `cpc check`, which may keep things in a folder."""
    begin = time.perf_counter()
    done = subprocess.run(
        [Path(sys.executable).with_name("cpc"), "check", "--format", "json", str(path)],
        check=False,
        stdout=subprocess.DEVNULL,
        env=environment(cache),
        preexec_fn=pin,
    )
    assert done.returncode in (0, 1), done.returncode
    return time.perf_counter() - begin


def _again(path: Path, cache: Path, number: int) -> float:
    """Seconds of `cpc check` after one more rule was replaced."""
    path.write_text(edited(path.read_text(), number))
    return _command(path, cache)


def _additions() -> float:
    """Seconds of ten million additions: what seconds are worth on this machine, now."""
    begin = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - begin


def measure(rules: int, runs: int) -> dict[str, object]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path, cache = Path(folder, "policy.cil"), Path(folder, "kept")
        path.write_text(policy_text(Shape(rules)))
        engine = [_engine(path) for _ in range(runs)]
        command = [_command(path) for _ in range(runs)]
        warm = _edited(path, max(runs, 9))
        _command(path, cache)
        again = [_again(path, cache, 100 + number) for number in range(runs)]
    row: dict[str, object] = {"rules": rules, "findings": engine[0][2]}
    measured = {"engine": [e[0] for e in engine], "check": command, "edited": warm, "again": again}
    for name, seconds in measured.items():
        row |= {f"{name}_min_s": min(seconds), f"{name}_median_s": statistics.median(seconds)}
    return row | {"memory_mb": max(e[1] for e in engine) // 1024}


def main(words: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", default="reports")
    given = parser.parse_args(words)
    print(f"ten million additions: {_additions():.2f} s before,", end=" ", flush=True)
    rows = [measure(int(size), given.runs) for size in given.sizes.split(",")]
    print(f"{_additions():.2f} s after")
    print("min/median s:  engine         check          edited         again          memory MB")
    for row in rows:
        cells = [
            f"{row[f'{name}_min_s']:.3f}/{row[f'{name}_median_s']:.3f}"
            for name in ("engine", "check", "edited", "again")
        ]
        print(f"{row['rules']:<14}", *(f"{cell:<14}" for cell in cells), row["memory_mb"])
    Path(given.output).mkdir(exist_ok=True)
    Path(given.output, "verification.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
