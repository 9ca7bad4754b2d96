"""The codec gives back exactly what it was given, and takes nothing else."""

import json

import pytest
from hypothesis import given, settings

from cpc.compiler.artifact.codec import CodecError
from cpc.compiler.artifact.program import PROGRAM, decode_program, encode_program, policy_hash
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import ANY, Clause, Program, Step, StepVerdict
from cpc.compiler.ir.passes import run
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.semantics import Reason
from tests.ir.strategies import policies, verified


@settings(max_examples=60)
@given(policies())
def test_programs_come_back_equal(policy: Policy) -> None:
    program = run(lower(verified(policy)))
    text = encode_program(program)
    assert decode_program(text) == program
    assert encode_program(decode_program(text)) == text
    assert text.isascii()


@settings(max_examples=30)
@given(policies(), policies())
def test_policies_hash_alike_iff_they_are_equal(one: Policy, other: Policy) -> None:
    assert (policy_hash(one) == policy_hash(other)) == (one == other)


@pytest.mark.parametrize("mask", [1, (1 << 53) - 1, 1 << 53, 1 << 63, 1 << 64, (1 << 1000) - 1])
def test_masks_of_any_size_are_exact(mask: int) -> None:
    clause = Clause(3, mask, True, 7)
    text = PROGRAM.encode(clause)
    assert PROGRAM.decode(Clause, text) == clause
    numbers = [n for row in json.loads(text)["nodes"] for n in row if isinstance(n, int)]
    assert all(abs(number) < 1 << 53 for number in numbers)


def _nodes(*rows: list[object], root: object = 0) -> str:
    return json.dumps({"nodes": rows, "root": root})


_CLAUSE: list[object] = ["Clause", 0, 1, False, 0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"nodes": [], "root": 0}',
        '{"nodes": [], "root": 0, "more": 1}',
        _nodes(_CLAUSE, root=1),
        _nodes(_CLAUSE, root=-1),
        _nodes(_CLAUSE, root=True),
        _nodes(_CLAUSE, root="0"),
        _nodes(["Clause", 0, 1, False]),
        _nodes(["Clause", 0, 1, False, 0, 0]),
        _nodes(["Clause", "0", 1, False, 0]),
        _nodes(["Clause", 0.0, 1, False, 0]),
        _nodes(["Clause", 0, "0xfg", False, 0]),
        _nodes(["Clause", 0, True, False, 0]),
        _nodes(["Clause", 0, 1, 0, 0]),
        _nodes(["Clause", 0, 1, None, 0]),
        _nodes(["Popen", "ls"]),
        _nodes([["Clause"], 0, 1, False, 0]),
        _nodes(["EntityTerm", "world"]),
        _nodes(["EntityTerm", "nobody"]),
        _nodes(["Step", 1, 7, "rule", [], False]),
        _nodes(["Step", 1, 1, "rule", {}, False]),
        _nodes(["Step", 1, 1, "rule", [1], False], _CLAUSE),
        _nodes(["EntityTerm", "world"], ["Step", 1, 1, "rule", [0], False], root=1),
        _nodes(["Cidr", "10.0.0.1/8", [], False]),
        _nodes(["Cidr", 167772160, [], False]),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    for kind in (Clause, Program):
        with pytest.raises(CodecError):
            PROGRAM.decode(kind, text)
    if "Clause" not in text:
        with pytest.raises(CodecError):
            PROGRAM.decode(Step, text)


def test_equal_values_are_written_once() -> None:
    clauses = tuple(Clause(ANY, 1, False, 0) for _ in range(5))
    text = PROGRAM.encode(Step(1, StepVerdict.DENY, Reason.RULE, clauses))
    assert len(json.loads(text)["nodes"]) == 2


def test_a_class_that_is_not_known_is_not_written() -> None:
    with pytest.raises(CodecError):
        PROGRAM.encode(Party("p", False))
