"""The generated C, run natively, says what the IR says, which says what the policy means."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cpc.compiler.ir.bits import peer_bits, subject_bits
from cpc.compiler.ir.interpret import interpret
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import KEY_END, Program, service_key
from cpc.compiler.ir.passes import run
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.model import (
    Action,
    Direction,
    EndpointTerm,
    In,
    Isolation,
    LabelKey,
    Policy,
    PortRange,
    Requirement,
    Tier,
)
from cpc.compiler.policy.semantics import Verdict
from tests.codegen.native_library import Native, Question
from tests.ir.strategies import flows, origin, policies, rule, verified

pytestmark = pytest.mark.clang


def expected(program: Program, question: Question) -> int:
    """The answer that the C must give."""
    outcome = interpret(program, *question)
    return outcome.site << 2 | outcome.log << 1 | (outcome.verdict is Verdict.ALLOW)


def random_questions(program: Program, seed: int, count: int) -> list[Question]:
    """Any bits, also such as no party has; keys at the ends of intervals."""
    chosen = random.Random(seed)
    made: list[Question] = []
    for _ in range(count):
        direction = chosen.choice(tuple(Direction))
        key = chosen.choice(program.decision(direction).starts) - chosen.choice((0, 0, 1))
        subject = chosen.getrandbits(max(1, len(program.subjects)))
        peer = chosen.getrandbits(max(1, len(program.peers)))
        for _ in range(chosen.randrange(3)):
            peer &= chosen.getrandbits(max(1, len(program.peers)))
        made.append((direction, subject, peer, key % KEY_END))
    return made


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step of a shrink runs clang
)
@given(policies(), st.integers(0, 2**32), st.sampled_from([1, 16]))
def test_policy_program_and_c_agree(policy: Policy, seed: int, fewest_leaves: int) -> None:
    program = run(lower(verified(policy)))
    drawn = list(flows(policy, seed, 100))
    questions: list[Question] = [
        (
            flow.direction,
            subject_bits(program, flow.subject),
            peer_bits(program, flow.peer),
            service_key(flow.family, flow.protocol, flow.port),
        )
        for flow in drawn
    ]
    questions += random_questions(program, seed, 200)
    with TemporaryDirectory() as folder:
        answers = Native(program, Path(folder), fewest_leaves).ask(questions)
    assert answers == [expected(program, question) for question in questions]
    for flow, answer in zip(drawn, answers, strict=False):
        assert (decide(policy, flow).verdict is Verdict.ALLOW) == bool(answer & 1)


def _large(rules: int, selectors: int) -> Policy:
    """Rules with ports, without, with wide ranges; requirements and blocks of one priority."""
    chosen = random.Random(rules)
    terms = [EndpointTerm(In(LabelKey("k8s", "app"), (f"v{i}",))) for i in range(selectors)]
    ports = [PortRange(chosen.choice((6, 17)), p, p) for p in chosen.sample(range(60000), 120)]
    ports += [PortRange(6), PortRange(6, 1024, 65535)]
    made = [
        rule(
            number,
            chosen.choice([Action.ALLOW, Action.ALLOW, Action.DENY]),
            direction=chosen.choice(tuple(Direction)),
            subject=(chosen.choice(terms),),
            peers=(chosen.choice(terms),),
            ports=None if number % 5 == 0 else (chosen.choice(ports),),
            log=number % 7 == 0,
        )
        for number in range(1, rules)
    ]
    tiered = [
        rule(
            rules + number,
            chosen.choice(tuple(Action)),
            tier=Tier.ADMIN,
            place=(number % 2, number, 0),
            subject=(chosen.choice(terms),),
            peers=(chosen.choice(terms),),
        )
        for number in range(1, 6)
    ]
    return Policy(
        tuple(sorted([*made, *tiered], key=lambda one: one.key)),
        (Isolation(Direction.INGRESS, (terms[0],), False, origin(9000)),),
        requirements=(
            Requirement(Direction.INGRESS, (terms[1],), (terms[2],), False, origin(9001)),
            Requirement(Direction.EGRESS, (terms[70],), (), False, origin(9002)),
        ),
    )


def test_a_large_program_in_chunks_agrees(tmp_path: Path) -> None:
    program = run(lower(verified(_large(300, 150))))
    native = Native(program, tmp_path)
    assert "cpc_ingress_keys_1(" in native.source
    assert "cpc_ingress_leaves_1(" in native.source
    assert "facts & " in native.source
    assert program.words > 1
    questions = random_questions(program, 1, 3000)
    assert native.ask(questions) == [expected(program, question) for question in questions]
