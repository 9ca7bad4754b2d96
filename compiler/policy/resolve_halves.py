"""One written rule to its halves, and its named ports to the ports of those who have them."""

from collections.abc import Sequence

from msgspec.structs import replace

from cpc.compiler.diagnostics import Label, error, warning
from cpc.compiler.policy.decide import party_selected
from cpc.compiler.policy.model import Direction, NamedPort, PortRange, Protocol, Rule, Selector
from cpc.compiler.policy.names import Scope
from cpc.compiler.policy.resolve_ports import NamedRef
from cpc.compiler.policy.resolve_sides import Side, peers_of, subjects_of
from cpc.compiler.source import Span

__all__ = ["directions", "split_named_ports"]


def directions(
    scope: Scope, written: Direction | None, left: Side, right: Side, place: Span
) -> tuple[Direction, ...]:
    """The halves of a rule: ingress where its right side may be an endpoint, egress where its left may.

    There is at least one half (CPC331), and every operand takes part in one: where there is only one
    half, all of its deciding side must be endpoints (CPC330). After an error the answer is empty.
    """
    deciding = {Direction.INGRESS: right, Direction.EGRESS: left}
    found = tuple(d for d, side in deciding.items() if written in (None, d) and subjects_of(side))
    if written is not None:
        idle = [(o, written) for o in deciding[written] if not o.subjects]
    elif not found:
        scope.diagnostics.append(
            error(
                "CPC331",
                "neither side of this rule can be an endpoint, so nothing can enforce it",
                place,
                help="a rule is enforced at endpoints: name some on one side, such as `all`",
            )
        )
        return ()
    elif len(found) == 1:
        idle = [(o, found[0]) for o in deciding[found[0]] if not o.subjects]
    else:
        idle = []
    for operand, direction in idle:
        _never_subject(scope, operand.span, direction)
    return () if idle else found


def _never_subject(scope: Scope, span: Span, direction: Direction) -> None:
    whose = "receives" if direction is Direction.INGRESS else "sends"
    scope.diagnostics.append(
        error(
            "CPC330",
            f"this is never an endpoint of ours, so it decides no {direction}",
            span,
            label=f"this side {whose}",
            help="name endpoints, `all`, `cluster`, `init` or `health` (the last two not in a "
            "namespace); the world, addresses and nodes decide nothing",
        )
    )


def split_named_ports(
    scope: Scope, rule: Rule, named_ports: Sequence[NamedRef], right: Side
) -> list[Rule]:
    """A half of plain ports, split so that a container port's name holds only for those who have it.

    Ingress names are the subject's ports, egress names each peer's. One half remains with the plain
    ports, none perhaps, and remembers the names; one more comes for each number that the inventory gives
    a name, whoever has it: labels may change later. A name that nobody has on a side matches nothing
    there, with a warning (CPC325).
    """
    if not named_ports:
        return [rule]
    written = tuple(dict.fromkeys((n.name, n.protocols) for n in named_ports))
    halves = [replace(rule, named=written)]
    selector = subjects_of(right) if rule.direction is Direction.INGRESS else peers_of(right)
    by_number: dict[tuple[int, int], list[str]] = {}
    for named in named_ports:
        for key in _resolve(scope, named, right, rule.direction):
            by_number.setdefault(key, []).append(named.name)
    for (protocol, number), names in sorted(by_number.items()):
        wrapped: Selector = tuple(
            NamedPort(t, n, protocol, number) for n in dict.fromkeys(names) for t in selector
        )
        narrowed = replace(rule, ports=(PortRange(protocol, number, number),))
        if rule.direction is Direction.INGRESS:
            halves.append(replace(narrowed, subject=wrapped))
        else:
            halves.append(replace(narrowed, peers=wrapped))
    return halves


def _resolve(
    scope: Scope, named: NamedRef, owners: Side, direction: Direction
) -> list[tuple[int, int]]:
    """The (protocol, number) pairs that endpoints have under the name, sorted."""
    scope.port_names |= {(named.name, protocol) for protocol in named.protocols}
    if scope.inventory is None:
        _unresolved(scope, named, "without an inventory", "pass `--inventory`", ())
        return []
    having = [
        (endpoint, (protocol, number))
        for endpoint in scope.inventory.endpoints
        for name, protocol, number in endpoint.ports
        if name == named.name and protocol in named.protocols
    ]
    for operand in owners:
        terms = operand.subjects if direction is Direction.INGRESS else operand.peers
        if terms and not any(
            party_selected(endpoint.party(address), terms)
            for endpoint, _ in having
            for address in endpoint.addresses or (None,)
        ):
            words = "/".join(Protocol(p).name.lower() for p in named.protocols)
            _unresolved(
                scope,
                named,
                "here",
                f"no endpoint of this side has a container port of {words} with this name",
                (Label(operand.span, "has no such port in the inventory"),),
            )
    return sorted({key for _, key in having})


def _unresolved(
    scope: Scope, named: NamedRef, where: str, help: str, labels: tuple[Label, ...]
) -> None:
    found = warning(
        "CPC325",
        f"port `{named.name}` cannot be resolved {where}: it matches nothing",
        named.span,
        labels=labels,
        help=help,
    )
    if found not in scope.unresolved:  # of both halves it is said once
        scope.unresolved.add(found)
        scope.diagnostics.append(found)
