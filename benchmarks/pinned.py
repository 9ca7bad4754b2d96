"""How whoever is measured runs: on one core, and with nothing kept of another run."""

import os
from pathlib import Path

__all__ = ["environment", "pin"]


def pin(process: int = 0) -> None:
    """Puts a process, by default this one, on the first core that this one may use."""
    os.sched_setaffinity(process, {min(os.sched_getaffinity(0))})


def environment(cache: Path | None = None) -> dict[str, str]:
    """The environment of a command: `cpc` keeps things in a folder, or nothing, so that each run is cold."""
    return {**os.environ, "CPC_CACHE": str(cache or "off")}
