"""Every node of the decision IR, in one sitting.

A decision is over (subject bits, peer bits, service key). The runtime gives each endpoint its subject
bits and each identity or prefix its peer bits, once; the program finds the service key's interval and
walks that leaf's steps in order. The first step that fires decides.

A *service key* is `protocol << 16 | port` (25 bits): `port` is the destination port of TCP, UDP and
SCTP, `type << 8 | code` of ICMP in IPv4 and ICMPv6 in IPv6, else 0. ICMP in IPv6 and ICMPv6 in IPv4
are not themselves: their protocol is taken with 0x100 added.
"""

from collections.abc import Iterator
from enum import IntEnum

from msgspec import Struct

from cpc.compiler.policy.model import Action, Direction, PortName, Selector, Term
from cpc.compiler.policy.semantics import Reason

__all__ = [
    "ANY",
    "FOREIGN",
    "KEY_END",
    "Block",
    "Clause",
    "Decision",
    "Group",
    "Leaf",
    "Program",
    "RuleEntry",
    "Step",
    "StepVerdict",
    "service_key",
]

ANY = -1
"""As a subject: every endpoint. As a peer mask: every peer."""

FOREIGN = 0x100
"""Added to an ICMP protocol number that does not belong to the packet's family."""

KEY_END = 0x200 << 16
"""Service keys are below this."""


def service_key(family: int, protocol: int, port: int) -> int:
    """The service key of a flow (module docstring)."""
    if (protocol == 1 and family != 4) or (protocol == 58 and family != 6):
        return (protocol | FOREIGN) << 16
    return protocol << 16 | port


class StepVerdict(IntEnum):
    """What a step does when it fires; PASS goes on after its tier."""

    DENY = 0
    ALLOW = 1
    PASS = 2


class Clause(Struct, frozen=True):
    """Fires when the endpoint has subject bit `subject` and the peer has a bit of `peers`.

    `required`: and the subject's requirements hold for the peer (see `Decision.requirements`); only
    in a normal ALLOW step, and `peers` is not ANY.
    `rule` indexes `Program.rules`; it is what a verdict names.
    """

    subject: int
    peers: int
    required: bool
    rule: int


class Step(Struct, frozen=True):
    """Fires when some clause does; the first clause that fires names the rule.

    Clauses are in the order of rules. `site` is what the kernel reports: unique in the program, from 1
    on (0 is no step's); a PASS step's site is never reported. `log`: an event is sent whatever the
    monitor asked for.
    """

    site: int
    verdict: StepVerdict
    reason: Reason
    clauses: tuple[Clause, ...]
    log: bool = False


Block = tuple[Step, ...]
"""Steps of one block in written order: the first that fires is the block's outcome."""

Group = tuple[Block, ...]
"""Blocks of one priority: of their outcomes deny wins over allow over pass; of equals, the first."""


class Leaf(Struct, frozen=True):
    """What decides one set of service keys: admin groups, the normal steps, baseline groups, mode.

    A PASS in `admin` goes on at `normal`, one in `baseline` at `final`. `final` always fires.
    `prelude` comes first of all (local host, mode never).
    """

    prelude: Block
    admin: tuple[Group, ...]
    normal: Block
    baseline: tuple[Group, ...]
    final: Step

    def steps(self) -> Iterator[Step]:
        """Every step, in the order in which they are asked."""
        yield from self.prelude
        for block in (block for group in self.admin for block in group):
            yield from block
        yield from self.normal
        for block in (block for group in self.baseline for block in group):
            yield from block
        yield self.final


class Decision(Struct, frozen=True):
    """One direction. `starts` are ascending service keys, the first 0: keys from starts[i] up to
    starts[i+1] (the last: up to KEY_END) are decided by `leaves[index[i]]`; neighbours differ.

    `requirements` are (subject bit or ANY, peer mask): a subject with the bit requires of the peer
    some bit of the mask, for clauses that are `required`.
    """

    direction: Direction
    starts: tuple[int, ...]
    index: tuple[int, ...]
    leaves: tuple[Leaf, ...]
    requirements: tuple[tuple[int, int], ...]


class RuleEntry(Struct, frozen=True):
    """What a clause names: the rule (or the `default`, isolation or mode statement) and its place.

    `line` and `column` count from 1; the local host and the mode have no place: an empty `file`.
    """

    name: str
    reason: Reason
    verdict: Action
    file: str
    line: int
    column: int
    doc: str = ""


class Program(Struct, frozen=True):
    """Both directions over shared bits.

    `subjects[i]` is the selector of subject bit i, `peers[i]` the term of peer bit i. `rules` is the
    table that clauses point into. `port_names` are the container ports that bits speak of: for an
    endpoint with another number under such a name the program was not made.
    """

    subjects: tuple[Selector, ...]
    peers: tuple[Term, ...]
    ingress: Decision
    egress: Decision
    rules: tuple[RuleEntry, ...]
    port_names: tuple[PortName, ...] = ()

    def decision(self, direction: Direction) -> Decision:
        """The decision of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    @property
    def words(self) -> int:
        """64-bit words of peer bits, at least one."""
        return max(1, (len(self.peers) + 63) // 64)
