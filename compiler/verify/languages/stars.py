"""Stars: joints that accept whatever text of their characters follows, and so make others idle.

After `a`, the expression `.*a.*|.*b.*|.*c.*` accepts every further text of `.`, whatever its other options have
seen. Leaving those out keeps one state where else there is one for each set of letters seen.
"""

from cpc.compiler.verify.languages.alphabet import Bounds, within
from cpc.compiler.verify.languages.joints import END, Joints

__all__ = ["idle_joints"]

_MOST_KINDS = 8
"""Different sets of characters for which idle joints are looked for."""

_MOST_PASSES = 30
"""Passes over all joints until what leads where is settled; beyond, nothing is called idle."""


def idle_joints(joints: Joints) -> dict[int, int]:
    """For each star, in ascending order, the joints that are idle in a set of joints with it and the end.

    An idle joint leads only to characters of the star, and the star accepts every text of these.
    """
    found: dict[int, int] = {}
    known: dict[Bounds, int] = {}
    for at, after in enumerate(joints.after):
        if not after & joints.loops:
            continue
        star = 1 << at
        after = joints.without_loops(after)
        bounds = joints.bounds[at]
        if (
            bounds
            and after & END
            and after & star
            and (bounds in known or len(known) < _MOST_KINDS)
        ):
            if bounds not in known:
                known[bounds] = _only(joints, bounds)
            found[star] = known[bounds] & ~star
    return found


def _only(joints: Joints, bounds: Bounds) -> int:
    """The joints from which only these characters can be reached."""
    others = 0
    for at, own in enumerate(joints.bounds):
        if not within(own, bounds):
            others |= 1 << at
    for _ in range(_MOST_PASSES):
        before = others
        for at, after in enumerate(joints.after):
            if after & others:
                others |= 1 << at
        if others == before:
            return ((1 << len(joints.after)) - 1) & ~others & ~END
    return 0
