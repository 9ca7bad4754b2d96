"""One core for whoever is measured."""

import os

__all__ = ["pin"]


def pin(process: int = 0) -> None:
    """Puts a process, by default this one, on the first core that this one may use."""
    os.sched_setaffinity(process, {min(os.sched_getaffinity(0))})
