"""Lowering keeps the meaning: `decide` and the interpreted IR agree on verdict, reason and rule."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cpc.compiler.errors import InternalError
from cpc.compiler.ir.bits import peer_bits, subject_bits
from cpc.compiler.ir.check import check
from cpc.compiler.ir.interpret import Sites, interpret
from cpc.compiler.ir.lower import lower
from cpc.compiler.ir.nodes import ANY, Program, service_key
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.flow import Flow, Party
from cpc.compiler.policy.model import (
    ALL,
    Action,
    Audit,
    Direction,
    DnsMatch,
    EndpointTerm,
    Entity,
    EntityTerm,
    Fqdn,
    Has,
    Isolation,
    L7Match,
    LabelKey,
    NamedPort,
    Origin,
    Policy,
    PortRange,
    Requirement,
    ServiceTerm,
    Tier,
)
from cpc.compiler.source import Span
from cpc.compiler.verify.verified import verify
from tests.ir.strategies import flows, origin, policies, rule, verified


def agrees(policy: Policy, program: Program, sites: Sites, flow: Flow) -> None:
    """The program says what the policy says about one flow of two parties."""
    expected = decide(policy, flow)
    subject, peer = subject_bits(program, flow.subject), peer_bits(program, flow.peer)
    key = service_key(flow.family, flow.protocol, flow.port)
    outcome = interpret(program, flow.direction, subject, peer, key)
    entry = program.rules[outcome.rule]
    assert (outcome.verdict, entry.reason) == (expected.verdict, expected.reason)
    if expected.rule is not None:
        assert entry.name == expected.rule.name
    assert sites.name(outcome.site, subject, peer) == entry


@settings(max_examples=80)
@given(policies(), st.integers(0, 2**32))
def test_meaning(policy: Policy, seed: int) -> None:
    program = check(lower(verified(policy)))
    sites = Sites(program)
    for flow in flows(policy, seed, 60):
        agrees(policy, program, sites, flow)


_ENTITIES = (Entity.REMOTE_NODE, Entity.HEALTH, Entity.WORLD)


def test_logged_rules_have_steps_of_their_own() -> None:
    program = lower(
        verified(
            Policy(
                tuple(
                    rule(i, peers=(EntityTerm(e),), log=e is Entity.HEALTH)
                    for i, e in enumerate(_ENTITIES)
                )
            )
        )
    )
    bits = [peer_bits(program, Party(str(e), False, entities=frozenset({e}))) for e in _ENTITIES]
    outcomes = [interpret(program, Direction.INGRESS, 0, peer, 6 << 16) for peer in bits]
    assert [outcome.log for outcome in outcomes] == [False, True, False]
    assert len({outcome.site for outcome in outcomes}) == 3


def test_one_rule_with_label_and_other_peers_has_two_clauses() -> None:
    ours = (EndpointTerm(Has(LabelKey("k8s", "a"))), EntityTerm(Entity.WORLD))
    requirement = Requirement(Direction.INGRESS, ALL, ours[:1], False, origin(9))
    program = lower(verified(Policy((rule(1, peers=ours),), requirements=(requirement,))))
    (leaf,) = program.ingress.leaves
    clauses = [(c.required, c.rule) for c in leaf.normal[0].clauses]
    assert clauses == [(False, 0), (True, 0)]
    assert program.ingress.requirements == ((ANY, 0b100),)
    assert program.egress.requirements == ()


def test_a_rule_without_ports_covers_keys_that_no_port_names() -> None:
    tcp = rule(1, Action.DENY, ports=(PortRange(1), PortRange(58)))
    program = lower(verified(Policy((tcp, rule(2, Action.DENY, log=True)))))
    foreign = service_key(6, 1, 0)
    outcome = interpret(program, Direction.INGRESS, 0, 0, foreign)
    assert program.rules[outcome.rule].name == "rule-2"
    named = interpret(program, Direction.INGRESS, 0, 0, service_key(4, 1, 0x800))
    assert program.rules[named.rule].name == "rule-1"


def test_bits_are_numbered_by_first_use() -> None:
    first, second = EntityTerm(Entity.REMOTE_NODE), EntityTerm(Entity.HEALTH)
    init = (EntityTerm(Entity.INIT),)
    policy = Policy(
        (rule(1, peers=(second, first)), rule(2, subject=init, peers=(first,))), allow_host=False
    )
    program = lower(verified(policy))
    assert program.peers == (second, first)
    assert program.subjects == (init,)


def test_what_matches_nothing_leaves_no_clause() -> None:
    nothing = (rule(1, subject=()), rule(2, peers=()), rule(3, ports=()))
    program = lower(verified(Policy(nothing)))
    (leaf,) = program.ingress.leaves
    assert leaf.normal == ()
    assert [entry.name for entry in program.rules[:3]] == ["rule-1", "rule-2", "rule-3"]


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (("/home/me/p/shop.cil", "/home/me/p/lib/a.cil"), ["shop.cil", "lib/a.cil"]),
        (("/home/me/p/shop.cil",), ["shop.cil"]),
        (("p/shop.cil", "p/lib/a.cil"), ["shop.cil", "lib/a.cil"]),
        (("shop.cil", "../common/a.cil"), None),
        (("<stdin>",), ["<stdin>"]),
    ],
)
def test_files_are_named_without_the_folder_that_they_share(
    files: tuple[str, ...], shown: list[str] | None
) -> None:
    def at(file: str) -> Isolation:
        place = Origin(file, Span(file, 0, 1, 3, 1), (0, 3, 1))
        return Isolation(Direction.INGRESS, ALL, False, place)

    program = lower(verified(Policy((), tuple(at(file) for file in files))))
    names = [entry.file for entry in program.rules if entry.file]
    if shown is None:
        shown = [f"{Path.cwd().name}/shop.cil", "common/a.cil"]
    assert names == shown


def test_blocks_written_into_one_another_are_our_fault() -> None:
    policy = Policy(
        (
            rule(1, tier=Tier.ADMIN, place=(5, 1, 0)),
            rule(2, tier=Tier.ADMIN, place=(5, 2, 0)),
            rule(3, tier=Tier.ADMIN, place=(5, 1, 1)),
        )
    )
    with pytest.raises(InternalError, match="into one another"):
        lower(verified(policy))


_DNS = L7Match("dns", (DnsMatch("*"),))


@pytest.mark.parametrize(
    "policy",
    [
        Policy((rule(1, staged=True),)),
        Policy((rule(1, l7=_DNS),)),
        Policy((rule(1, peers=(Fqdn(("a.com",)),)),)),
        Policy((rule(1, peers=(NamedPort(ServiceTerm("s"), "http", 6, 80),)),)),
        Policy((), audits=(Audit(ALL, origin(1)),)),
    ],
    ids=["staged", "request", "fqdn", "service", "audit"],
)
def test_what_is_not_enforced_never_gets_here(policy: Policy) -> None:
    checked, _ = verify(replace(policy, open_defaults=_OPEN))
    assert checked is not None
    with pytest.raises(InternalError, match="reached `lower`"):
        lower(checked)


_OPEN = tuple(Isolation(d, ALL, False, origin(1)) for d in Direction)
