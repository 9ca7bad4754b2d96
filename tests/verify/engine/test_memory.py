"""What is remembered about parts of a policy never changes an answer, whatever was edited in between."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.policies import Shape as Size
from benchmarks.policies import policy_text
from cpc.compiler.policy.model import Direction, Mode, Policy, Rule
from cpc.compiler.verify.engine import analyse as engine
from cpc.compiler.verify.engine.analyse import analyse
from cpc.compiler.verify.engine.grid import Grid
from cpc.compiler.verify.engine.memory import Memory
from cpc.compiler.verify.engine.space import Space
from cpc.compiler.verify.findings import Finding
from tests.nightly import times
from tests.policy.resolving import clean
from tests.policy.strategies import Shape, policies

SHAPE = Shape(rules=6, staged=False, modes=(Mode.DEFAULT, Mode.DEFAULT, Mode.ALWAYS))


def moved(policy: Policy, lines: int) -> Policy:
    """The policy with every rule and isolation so many lines further down."""

    def further(statement: Rule) -> Rule:
        origin = statement.origin
        span = origin.span._replace(line=origin.span.line + lines)
        file, line, column = origin.order
        place = (file, line + lines, column)
        return replace(statement, origin=replace(origin, span=span, order=place))

    return replace(policy, rules=tuple(map(further, policy.rules)))


def told(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """Findings with the lines of everything that they name: equality of origins leaves spans out."""
    return [
        (f, f.rule.origin.span, tuple(other.origin.span for other in f.others)) for f in findings
    ]


@st.composite
def edits(draw: st.DrawFn, policy: Policy) -> Policy:
    """The policy with its rules further down, one rule less, or one rule with a part of another one."""
    if not policy.rules or draw(st.booleans()):
        return moved(policy, draw(st.integers(1, 3)))
    one, other = (draw(st.sampled_from(policy.rules)) for _ in range(2))
    part = draw(st.sampled_from(("", "subject", "peers", "ports", "action")))
    if part == "action" and other.tier is not one.tier:
        return policy
    changed = [replace(one, **{part: getattr(other, part)})] if part else []
    return replace(
        policy, rules=tuple(n for r in policy.rules for n in (changed if r is one else [r]))
    )


@settings(max_examples=times(60, 3000), suppress_health_check=list(HealthCheck))
@given(policies(SHAPE), st.data())
def test_answers_are_those_of_an_analysis_without_memory(
    policy: Policy, data: st.DataObject
) -> None:
    memory = Memory()
    for _ in range(4):
        for notes in (False, True):
            assert told(analyse(policy, notes, memory)) == told(analyse(policy, notes))
        policy = data.draw(edits(policy))


def test_an_edit_asks_again_about_the_parts_that_it_touches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def counted(policy: Policy, direction: Direction, space: Space) -> Grid:
        asked.append(len(policy.rules))
        return Grid(policy, direction, space)

    policy = clean(policy_text(Size(900)).removeprefix("language 1\n"))
    memory = Memory()
    chosen = random.Random(7)
    analyse(policy, memory=memory)
    for _ in range(times(4, 60)):
        at, other = (chosen.randrange(len(policy.rules)) for _ in range(2))
        rule = policy.rules[at]
        changed = replace(rule, subject=policy.rules[other].subject, l7=None)
        gone = {chosen.randrange(len(policy.rules))}
        rules = (changed if r is rule else r for n, r in enumerate(policy.rules) if n not in gone)
        policy = moved(replace(policy, rules=tuple(rules)), 1)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "Grid", counted)
            found = analyse(policy, memory=memory)
        assert told(found) == told(analyse(policy))
        assert 0 < sum(asked) < 1800 / 2
        asked.clear()
