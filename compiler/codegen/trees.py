"""Balanced trees of comparisons, in functions that clang and old kernels can take.

Clang needs quadratic time in the number of branches of one function, `-mcpu=v3` cannot branch further
than 32767 instructions, and the kernel takes 256 functions: so what is large is cut into some chunks.
"""

from collections.abc import Iterator, Sequence

from cpc.compiler.codegen.calls import Call, parameters, uses
from cpc.compiler.codegen.view import Chunk, Line

__all__ = ["CHUNKS", "dispatch", "key_tree"]

CHUNKS = 48
"""Functions of one kind: two kinds in two directions leave 64 of the kernel's 256 to the datapath."""

_BRANCHES = 64
"""Branches that stay in one function."""


def key_tree(direction: str, starts: Sequence[int], index: Sequence[int]) -> list[Chunk]:
    """Functions that find the leaf of a service key; the last is `cpc_DIRECTION_leaf`."""
    tips = [str(leaf) for leaf in index]
    call = Call(f"cpc_{direction}_leaf", frozenset({"key"}))
    chunks: list[Chunk] = []
    size = max(_BRANCHES, -(-len(tips) // CHUNKS))
    if len(tips) > _BRANCHES:
        heads: list[int] = []
        calls: list[str] = []
        for at in range(0, len(tips), size):
            heads.append(starts[at])
            if at + 1 == len(tips):
                calls.append(tips[at])
                break
            part = Call(f"cpc_{direction}_keys_{len(chunks)}", call.uses)
            lines = _search("key", "#09x", starts[at : at + size], tips[at : at + size])
            chunks.append(Chunk(part.function, parameters(part.uses), "key", False, tuple(lines)))
            calls.append(str(part))
        starts, tips = heads, calls
    lines = _search("key", "#09x", starts, tips)
    return [*chunks, Chunk(call.function, parameters(call.uses), "key", True, tuple(lines))]


def dispatch(
    direction: str, leaves: Sequence[Call], costs: Sequence[int]
) -> tuple[list[Chunk], Call]:
    """Functions that call leaf number `leaf`, and the call to the first of them.

    `costs` are the branches inside of each leaf.
    """
    last = frozenset({"leaf"})
    groups = _groups(costs)
    parts = [
        Call(f"cpc_{direction}_leaves_{i}", uses(leaves[a:b]) | last)
        for i, (a, b) in enumerate(groups)
    ]
    chunks = [
        Chunk(
            part.function,
            parameters(part.uses),
            "leaf",
            len(groups) == 1,
            cases=tuple((number, str(leaves[number])) for number in range(a, b)),
        )
        for part, (a, b) in zip(parts, groups, strict=True)
    ]
    if len(parts) == 1:
        return chunks, parts[0]
    top = Call(f"cpc_{direction}_leaves", uses(parts))
    lines = _search("leaf", "d", [a for a, _ in groups], [str(part) for part in parts])
    return [*chunks, Chunk(top.function, parameters(top.uses), "leaf", True, tuple(lines))], top


def _groups(costs: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring leaves in groups [first, end) of about the same number of branches."""
    total = sum(costs) + len(costs)
    count = min(CHUNKS, -(-total // (4 * _BRANCHES)))
    groups: list[tuple[int, int]] = []
    first = spent = 0
    for number, cost in enumerate(costs, 1):
        spent += cost + 1
        if spent * count >= total * (len(groups) + 1):
            groups.append((first, number))
            first = number
    return groups


def _search(
    variable: str, form: str, starts: Sequence[int], tips: Sequence[str], depth: int = 1
) -> Iterator[Line]:
    """Code that returns the tip of the interval that the variable is in."""
    if len(tips) == 1:
        yield Line(depth, f"return {tips[0]};")
        return
    middle = len(tips) // 2
    test = f"if ({variable} < {starts[middle]:{form}})"
    yield Line(depth, test if middle == 1 else f"{test} {{")
    yield from _search(variable, form, starts[:middle], tips[:middle], depth + 1)
    if middle > 1:
        yield Line(depth, "}")
    yield from _search(variable, form, starts[middle:], tips[middle:], depth)
