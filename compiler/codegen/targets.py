"""The kernels that an artifact can be compiled for, and what each of them has.

Sources: `include/uapi/linux/bpf.h` of each release (the numbers of helpers, which ended with 211 in 6.2),
and the releases in which tcx (6.6) and cpu v4 (6.6) came.
"""

import re
from enum import StrEnum

from msgspec import Struct

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError

__all__ = ["DEFAULT_TARGET", "TARGETS", "Attach", "Target", "newest_for", "target_named"]


class Attach(StrEnum):
    """How programs are attached to an interface."""

    TCX = "tcx"
    CLSACT = "clsact"


class Target(Struct, frozen=True):
    """A kernel release: everything later has what it has.

    `cpu` is clang's `-mcpu`. `last_helper` is the highest number of a helper (`enum bpf_func_id`).
    `instructions` and `functions` are the kernel verifier's limits for one program.
    """

    name: str
    cpu: str
    attach: Attach
    last_helper: int
    instructions: int = 1_000_000
    functions: int = 256

    @property
    def release(self) -> tuple[int, int]:
        """The kernel's version as numbers."""
        major, minor = self.name.split(".")
        return int(major), int(minor)


TARGETS: tuple[Target, ...] = (
    Target("5.15", "v3", Attach.CLSACT, 175),
    Target("6.1", "v3", Attach.CLSACT, 209),
    Target("6.6", "v4", Attach.TCX, 211),
    Target("6.12", "v4", Attach.TCX, 211),
    Target("6.18", "v4", Attach.TCX, 211),
)
"""Ascending by release."""

DEFAULT_TARGET = "6.6"
"""The oldest kernel with tcx links, which are replaced without a gap."""


def target_named(name: str) -> Target:
    """The target of a name such as `6.18`; InputError (CPC507) for any other."""
    for target in TARGETS:
        if target.name == name:
            return target
    release = re.fullmatch(r"(\d{1,4})\.(\d{1,4})(?:[.-].*)?", name)
    fitting = newest_for((int(release[1]), int(release[2]))) if release else None
    advice = f"for that kernel take `{fitting.name}`; " if fitting else ""
    names = ", ".join(target.name for target in TARGETS)
    raise InputError(
        error(
            "CPC507",
            f"no target is called `{name}`",
            help=f"{advice}the targets are {names}, each for itself and later kernels",
        )
    )


def newest_for(release: tuple[int, int]) -> Target | None:
    """The newest target that a kernel of this version has everything of; None for too old ones."""
    fitting = [target for target in TARGETS if target.release <= release]
    return fitting[-1] if fitting else None
