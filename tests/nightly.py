"""How often random tests run: as often as continuous integration has time for, or for a night."""

import os

__all__ = ["NIGHTLY", "times"]

NIGHTLY = bool(os.environ.get("CPC_NIGHTLY"))


def times(usual: int, nightly: int | None = None) -> int:
    """A number of random examples; at night `nightly` of them (None: ten times as many)."""
    if not NIGHTLY:
        return usual
    return 10 * usual if nightly is None else nightly
