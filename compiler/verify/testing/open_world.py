"""The open world: any two parties that there can be, as the solver has them.

But no endpoint has labels of two sources with one key: `app = "web"` in a test would otherwise be about
endpoints that are `k8s:app=web` and `container:app=db` at once, and hardly any denial would hold.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import z3

from cpc.compiler.policy.claims import TestCase
from cpc.compiler.policy.connections import Connection
from cpc.compiler.policy.model import Direction, Matcher, Policy, PortRange
from cpc.compiler.policy.semantics import selects
from cpc.compiler.verify.encode import FlowVariables
from cpc.compiler.verify.encode_party import SOLVER, PartyVariables, Solver, Truth
from cpc.compiler.verify.solve import Holds, Unknown, never
from cpc.compiler.verify.testing.plainest import plainest_connection
from cpc.compiler.verify.testing.worlds import Found, Undecided
from cpc.compiler.verify.vocabulary import policy_vocabulary

__all__ = ["OpenWorld"]


class _Side:
    """A connection as one of its sides reads it."""

    def __init__(
        self,
        flow: FlowVariables,
        direction: Direction,
        matched: Callable[[Matcher], z3.BoolRef],
    ) -> None:
        ends = (flow.subject, flow.peer)
        self.subject, self.peer = ends if direction is Direction.EGRESS else ends[::-1]
        self._flow = flow
        self._direction = direction
        self.request = matched

    def same_party(self) -> z3.BoolRef:
        return self._flow.same_party()

    def direction(self, direction: Direction) -> z3.BoolRef:
        return SOLVER.const(direction is self._direction)

    def port_in(self, ports: PortRange) -> z3.BoolRef:
        return self._flow.port_in(ports)


class OpenWorld:
    """Every connection of two parties that some policies and cases can tell apart."""

    def __init__(self, policies: Iterable[Policy], cases: Iterable[TestCase]) -> None:
        """Label keys and values, names and services are those of the first policy, and of the cases."""
        first, *_ = policies
        vocabulary = policy_vocabulary(first)
        for case in cases:
            vocabulary.add_selector(case.left)
            vocabulary.add_selector(case.right)
        self.algebra: Solver = SOLVER
        self._flow = FlowVariables(vocabulary)
        self._there = z3.And(
            self._flow.possible(),
            z3.Not(self._flow.same_party()),
            *_each_key_once(self.client),
            *_each_key_once(self.server),
        )

    @property
    def client(self) -> PartyVariables:
        return self._flow.subject

    @property
    def server(self) -> PartyVariables:
        return self._flow.peer

    def side(self, direction: Direction, matched: Callable[[Matcher], z3.BoolRef]) -> _Side:
        return _Side(self._flow, direction, matched)

    def about(self, case: TestCase) -> z3.BoolRef:
        conditions = [
            selects(SOLVER, self.client, case.left),
            selects(SOLVER, self.server, case.right),
        ]
        if case.ports is not None:
            conditions.append(SOLVER.some(self._flow.port_in(p) for p in case.ports))
        return z3.And(*conditions)

    def find(self, connections: z3.BoolRef) -> Found:
        answer = never(self._there, connections)
        if isinstance(answer, Holds):
            return None
        if isinstance(answer, Unknown):
            return Undecided(f"the solver gave up: {answer.why}")
        model = answer.model
        true = Truth(model)
        return Connection(
            self.client.party(model, "client"),
            self.server.party(model, "server"),
            4 if true(self._flow.family4) else 6,
            true.number(self._flow.protocol),
            true.number(self._flow.port),
        )

    def requests(self, matchers: Sequence[Matcher]) -> Iterator[Callable[[Matcher], z3.BoolRef]]:
        """One reading, with each matcher free: nothing says which may match together."""
        matched = {m: z3.Bool(f"matched {number}") for number, m in enumerate(matchers)}
        yield matched.__getitem__

    def plain(self, connection: Connection, shows: Callable[[Connection], bool]) -> Connection:
        return plainest_connection(connection, shows)


def _each_key_once(party: PartyVariables) -> Iterator[z3.BoolRef]:
    """A key has a label of one source."""
    for key, (sources, _) in party.vocabulary.keys.items():
        if len(sources) > 1:
            yield z3.AtMost(*(party.labels[source, key] != 0 for source in sources), 1)
