"""Boxes of the verifier's grid as terms of the solver, read from the space alone."""

import z3

from cpc.compiler.policy.model import Direction, Entity, LabelKey, ServiceTerm
from cpc.compiler.verify.encode import FlowVariables
from cpc.compiler.verify.encode_party import PartyVariables
from cpc.compiler.verify.engine.index import atoms
from cpc.compiler.verify.engine.space import (
    ADDRESS,
    ENTITIES,
    MANAGED,
    PEER,
    SERVICE,
    SUBJECT,
    Box,
    Kind,
    Side,
    Space,
)

__all__ = ["box_term"]


def box_term(flow: FlowVariables, space: Space, direction: Direction, box: Box) -> z3.BoolRef:
    """The flows of a box. A party without labels has none of any key, and no fact that its kind lacks."""
    said = [flow.ingress if direction is Direction.INGRESS else z3.Not(flow.ingress)]
    for at, mask in box.items():
        if at in (SUBJECT, PEER):
            party = flow.subject if at == SUBJECT else flow.peer
            said.append(z3.Or(*(_kind(party, Kind(n)) for n in atoms(mask))))
        elif at == ADDRESS:
            said.append(z3.Or(*(_address(flow.peer, space, n) for n in atoms(mask))))
        elif at == SERVICE:
            said.append(z3.Or(*(_service(flow, space, n) for n in atoms(mask))))
        elif at in space.key_of:
            side, key = space.key_of[at]
            party = flow.subject if side is Side.SUBJECT else flow.peer
            said.append(z3.Or(*(_label(party, space, key, n) for n in atoms(mask))))
        else:
            said.append(_switch(flow, space, at, mask))
    return z3.And(*said)


def _kind(party: PartyVariables, kind: Kind) -> z3.BoolRef:
    basic = [e for e in Entity if any(e in facts for facts in ENTITIES.values())]
    facts = [party.entity(e) if e in ENTITIES[kind] else z3.Not(party.entity(e)) for e in basic]
    managed = party.managed()
    return z3.And(managed if MANAGED >> kind & 1 else z3.Not(managed), *facts)


def _address(party: PartyVariables, space: Space, atom: int) -> z3.BoolRef:
    if atom < len(space.cuts4):
        cuts, variable, family = space.cuts4, party.address4, party.is4
    else:
        cuts, variable, family = space.cuts6, party.address6, z3.Not(party.is4)
        atom -= len(space.cuts4)
    said = [family, z3.UGE(variable, cuts[atom])]
    if atom + 1 < len(cuts):
        said.append(z3.ULT(variable, cuts[atom + 1]))
    return z3.And(*said)


def _service(flow: FlowVariables, space: Space, atom: int) -> z3.BoolRef:
    if atom == len(space.services):
        return z3.And(*(flow.protocol != p for p in {s.protocol for s in space.services}))
    ports = space.services[atom]
    return z3.And(
        flow.protocol == ports.protocol,
        z3.UGE(flow.port, ports.low),
        z3.ULE(flow.port, ports.high),
    )


def _label(party: PartyVariables, space: Space, key: str, atom: int) -> z3.BoolRef:
    labels = space.labels[key]
    if atom == 0:
        return z3.Not(party.has_key(LabelKey("any", key)))
    position, number = divmod(atom - 1, labels.width)
    sources = [labels.sources[position]]
    if sources == ["*"]:
        known = {source for source, k in party.labels if k == key}
        sources = sorted(known - set(labels.sources))
    said = []
    for source in sources:
        one = LabelKey(source, key)
        if number < len(labels.values):
            said.append(party.has_label(one, labels.values[number]))
        else:
            others = (z3.Not(party.has_label(one, v)) for v in labels.values)
            said.append(z3.And(party.has_key(one), *others))
    return z3.Or(*said)


def _switch(flow: FlowVariables, space: Space, at: int, mask: int) -> z3.BoolRef:
    side, fact = next(s for s, field in space.switches.items() if field == at)
    party = flow.subject if side is Side.SUBJECT else flow.peer
    if isinstance(fact, tuple):
        holds = party.has_port(*fact)
    elif isinstance(fact, ServiceTerm):
        holds = party.backs(fact.name)
    else:
        assert isinstance(fact, str)
        holds = party.names[fact]
    return {1: z3.Not(holds), 2: holds, 3: z3.BoolVal(True)}[mask]
