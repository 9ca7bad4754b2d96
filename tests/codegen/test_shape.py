"""What becomes C: words that stay comments, searches that find their interval, chunks within limits."""

import re
import subprocess
from bisect import bisect_right
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpc.compiler.codegen.calls import Call
from cpc.compiler.codegen.clang import find_clang
from cpc.compiler.codegen.comments import comment, few
from cpc.compiler.codegen.render import render
from cpc.compiler.codegen.shape import make_view
from cpc.compiler.codegen.trees import CHUNKS, dispatch, key_tree
from cpc.compiler.codegen.view import Chunk
from cpc.compiler.ir.lower import lower
from cpc.compiler.policy.model import Entity, EntityTerm, Policy
from tests.ir.strategies import rule, verified


@given(st.text())
def test_a_comment_stays_one(text: str) -> None:
    clean = comment(text)
    assert not re.search(r"[^ -~]|\*|\\|\?", clean)
    assert len(clean) <= 200


@pytest.mark.clang
def test_no_name_of_a_rule_becomes_code(tmp_path: Path) -> None:
    evil = 'x */ #error "a" \\\n int y = "'
    policy = Policy((rule(1, name=evil), rule(2, peers=(EntityTerm(Entity.WORLD),), name="/* ??/")))
    text = render(make_view(lower(verified(policy)), "0", "0"))
    alone = re.sub(r"#include.*", "", text).replace("CPC_PART", "static inline")
    (tmp_path / "a.c").write_text(
        "typedef unsigned __u32;\ntypedef unsigned long long __u64;\n#define __noinline\n"
        "#define bool _Bool\n#define true 1\n#define CPC_ALLOW 1\n#define CPC_DENY 0\n"
        "#define CPC_DECISION(site, what) ((site) << 2 | (what))\n"
        "#define cpc_veil(value, bits) ((void)(bits), (value))\n" + alone
    )
    flags = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]
    subprocess.run([find_clang().path, *flags, str(tmp_path / "a.c")], check=True, timeout=60)


def test_long_lists_are_cut() -> None:
    assert few(["a"] * 8) == ("a",) * 8
    assert few([str(i) for i in range(10)])[-1] == "and 2 more"


def _run(chunks: list[Chunk], function: str, number: int) -> str:
    """What a function of comparisons returns, following calls of others."""
    chunk = next(chunk for chunk in chunks if chunk.name == function)
    for case, result in chunk.cases:
        if case == number:
            return result
    depth, skipping = 1, 99
    for line in chunk.lines:
        if line.depth > skipping:
            continue
        skipping = 99
        if test := re.fullmatch(r"if \(\w+ < (\w+)\)( \{)?", line.text):
            if number >= int(test[1], 0 if test[1].startswith("0x") else 10):
                skipping = line.depth
        elif found := re.fullmatch(r"return (.*);", line.text):
            result = found[1]
            called = re.fullmatch(r"(\w+)\(.*\)", result)
            inner = called and next((c for c in chunks if c.name == called[1]), None)
            return _run(chunks, inner.name, number) if inner else result
    raise AssertionError(f"nothing is returned at depth {depth}")


@pytest.mark.parametrize("count", [2, 3, 64, 65, 129, 4000])
def test_a_search_finds_every_interval(count: int) -> None:
    starts = [0, *(7 * i for i in range(1, count))]
    index = [(i * 5) % count for i in range(count)]
    chunks = key_tree("ingress", starts, index)
    assert len(chunks) <= CHUNKS + 1
    assert all(not chunk.inline for chunk in chunks[:-1])
    for key in {0, 1, *starts[:5], *starts[-5:], starts[-1] + 100, starts[count // 2] - 1}:
        expected = index[bisect_right(starts, key) - 1]
        assert _run(chunks, "cpc_ingress_leaf", key) == str(expected)


@pytest.mark.parametrize(("count", "cost"), [(2, 1), (40, 4), (400, 3), (3000, 9), (60, 2000)])
def test_a_dispatch_calls_every_leaf(count: int, cost: int) -> None:
    leaves = [Call(f"leaf_{i}", frozenset({"bits"} if i % 2 else ())) for i in range(count)]
    chunks, top = dispatch("egress", leaves, [cost] * count)
    assert len(chunks) <= CHUNKS + 1
    for number in {0, 1, count // 2, count - 2, count - 1}:
        chunk, result = chunks[-1], ""
        if chunk.lines:
            result = _run(chunks, top.function, number)
        else:
            result = dict(chunk.cases)[number]
        assert result == str(leaves[number])
