"""How long the verifier takes, and how much memory: policies of 100 to 100,000 rules, on one core.

    python -m benchmarks.verification [--sizes 100,1000,10000] [--runs 3] [--output FOLDER]

For each size: the engine alone (a resolved policy in, findings out) and the whole command `cpc check`,
cold, each in a process of its own pinned to one core; minima and medians of the runs. The table goes to
standard output, and as `verification.json` into the folder.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

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


def _pinned() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _engine(path: Path) -> tuple[float, int, int]:
    """Seconds of the engine, kilobytes of the process at its largest, findings."""
    done = subprocess.run(
        [sys.executable, "-c", _ENGINE, str(path)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=_pinned,
    )
    seconds, memory, found = done.stdout.split()
    return float(seconds), int(memory), int(found)


def _command(path: Path) -> float:
    """Seconds of `cpc check`."""
    begin = time.perf_counter()
    done = subprocess.run(
        [Path(sys.executable).with_name("cpc"), "check", "--format", "json", str(path)],
        check=False,
        stdout=subprocess.DEVNULL,
        preexec_fn=_pinned,
    )
    assert done.returncode in (0, 1), done.returncode
    return time.perf_counter() - begin


def measure(rules: int, runs: int) -> dict[str, object]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "policy.cil")
        path.write_text(policy_text(Shape(rules)))
        engine = [_engine(path) for _ in range(runs)]
        command = [_command(path) for _ in range(runs)]
    return {
        "rules": rules,
        "findings": engine[0][2],
        "engine_min_s": min(e[0] for e in engine),
        "engine_median_s": statistics.median(e[0] for e in engine),
        "check_min_s": min(command),
        "check_median_s": statistics.median(command),
        "memory_mb": max(e[1] for e in engine) // 1024,
    }


def main(words: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", default="reports")
    given = parser.parse_args(words)
    rows = [measure(int(size), given.runs) for size in given.sizes.split(",")]
    print("rules     findings  engine s (min, median)  check s (min, median)  memory MB")
    for row in rows:
        print(
            f"{row['rules']:<9} {row['findings']:<9} "
            f"{row['engine_min_s']:>8.3f} {row['engine_median_s']:>8.3f}      "
            f"{row['check_min_s']:>8.2f} {row['check_median_s']:>8.2f}     {row['memory_mb']:>6}"
        )
    Path(given.output).mkdir(exist_ok=True)
    Path(given.output, "verification.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
