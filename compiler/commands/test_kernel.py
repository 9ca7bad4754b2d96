"""`cpc test --kernel`: each case's connection as packets, decided by the loaded program."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.artifact import DEFAULT_TARGET, Artifact
from cpc.compiler.commands.terminal import Terminal
from cpc.compiler.commands.test_failures import witness_words
from cpc.compiler.commands.trace_text import decision_words
from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.errors import InputError
from cpc.compiler.pipeline import Front, compile_policy
from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.flow import Party
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.semantics import Decision, Verdict
from cpc.compiler.verify.testing.cases import CaseResult
from cpc.compiler.verify.testing.run import TestRun
from cpc.runtime.attach import Side
from cpc.runtime.frames import opening_frame
from cpc.runtime.rehearsal import Enforced, Seen, interfaces, inventory_of

__all__ = ["Rehearsed", "rehearse"]

_ADDRESSES = {
    4: ("100.64.0.{}", "198.18.0.{}", "10.251.0.{}", "172.31.251.{}"),
    6: ("fd00:c::{}", "2001:2::{}", "fd00:251::{}"),
}
"""For endpoints that have none: addresses that no policy is likely to speak of."""

_EXTENSIONS = (0, 43, 44, 60)
"""Not upper-layer protocols in IPv6, but extension headers."""


class Rehearsed(Struct, frozen=True):
    """How many packets were decided as `decide` does, and what is said of the others."""

    packets: int
    diagnostics: tuple[Diagnostic, ...]


def refuse_requests(cases: Sequence[TestCase]) -> None:
    """InputError (CPC246) for each case about a request: packets alone cannot ask it."""
    found = [
        error(
            "CPC246",
            "a request cannot be tried in the kernel by this version",
            case.origin.span,
            help="keep cases with requests in a file of their own, and leave `--kernel` out there",
        )
        for case in cases
        if case.request is not None
    ]
    if found:
        raise InputError(*found)


def rehearse(read: Front, run: TestRun, terminal: Terminal) -> Rehearsed:
    """Loads the policy in a namespace of its own, and gives it the connection of each case.

    InputError for cases about requests (CPC246), for what this version does not enforce (CPC4xx), and where
    nothing can be loaded.
    """
    results = [case for test in run.tests for case in test.cases]
    refuse_requests([result.case for result in results])
    artifact, found = compile_policy(read, DEFAULT_TARGET, terminal.timings)
    if artifact is None or read.policy is None:
        raise InputError(*found)
    packets = 0
    told: list[Diagnostic] = []
    with interfaces():
        for result in results:
            staged = _staged(read.policy, result)
            if staged is None:
                told.append(_not_tried(result))
                continue
            for decision, seen in _given(artifact, read.policy, staged):
                packets += 1
                if not _agree(decision, seen):
                    told.append(_disagreement(result.case, staged, decision, seen))
    return Rehearsed(packets, tuple(told))


def _staged(policy: Policy, result: CaseResult) -> Connection | None:
    """A case's connection between addresses, still decided as it was; None where there is none."""
    connection = result.connection
    if connection is None or (connection.family == 6 and connection.protocol in _EXTENSIONS):
        return None
    for pattern in _ADDRESSES[connection.family]:
        staged = replace(
            connection,
            client=_at(connection.client, pattern.format(1)),
            server=_at(connection.server, pattern.format(2)),
        )
        inventory = inventory_of([staged.client, staged.server])
        there = [inventory.party_of(p.address) for p in (staged.client, staged.server) if p.address]
        facts = [(p.managed, p.labels, p.entities) for p in there]
        same = facts == [(p.managed, p.labels, p.entities) for p in (staged.client, staged.server)]
        if same and decide_connection(policy, staged) == result.outcome:
            return staged
    return None


def _at(party: Party, address: str) -> Party:
    return party if party.address is not None else replace(party, address=ip_address(address))


def _given(
    artifact: Artifact, policy: Policy, connection: Connection
) -> Iterator[tuple[Decision, Seen]]:
    """What each side that has a program makes of the first packet, with what it should."""
    client, server = connection.client, connection.server
    inventory = inventory_of([client, server])
    programs = {endpoint.name for endpoint in inventory.endpoints}
    if not programs:
        return
    outcome = decide_connection(policy, connection)
    assert client.address is not None and server.address is not None
    frame = opening_frame(client.address, server.address, connection.protocol, connection.port)
    with Enforced(artifact, inventory) as enforced:
        for party, side, decision in (
            (client, Side.FROM, outcome.egress),
            (server, Side.TO, outcome.ingress),
        ):
            if party.managed and party.name in programs:
                enforced.forget()
                yield decision, enforced.give(party.name, side, frame)


def _agree(decision: Decision, seen: Seen) -> bool:
    """Whether the packet fared as it should, by the statement that should decide; an artifact knows files by
    name only.
    """
    span = None if decision.rule is None else decision.rule.span
    place = None if span is None else (Path(span.file).name, span.line, span.column)
    return (seen.passed, seen.rule) == (decision.verdict is Verdict.ALLOW, place)


def _disagreement(
    case: TestCase, connection: Connection, decision: Decision, seen: Seen
) -> Diagnostic:
    kernel = "pass" if seen.passed else "drop"
    rule = "no rule" if seen.rule is None else "{}:{}:{}".format(*seen.rule)
    return error(
        "CPC247",
        "the kernel decides otherwise than the policy says",
        case.origin.span,
        notes=(
            f"witness: {witness_words(connection, None)}",
            f"the policy: {decision_words(decision)}",
            f"the kernel: {kernel}, {seen.reason.label}, {rule}",
        ),
        help="this is a fault of cpc: report it with the policy",
    )


def _not_tried(result: CaseResult) -> Diagnostic:
    why = "it has no connection" if result.connection is None else "it has no packet of its own"
    return error(
        "CPC246",
        "the case could not be tried in the kernel",
        result.case.origin.span,
        notes=(f"the reason: {why}",),
    )
