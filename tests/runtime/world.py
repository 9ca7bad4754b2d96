"""A small policy and inventory, made of the values that the runtime is given."""

import os
from ipaddress import ip_address, ip_network
from pathlib import Path

from msgspec.structs import replace

from cpc.compiler.artifact import (
    Artifact,
    Endpoint,
    Entity,
    Inventory,
    Label,
    Program,
    RuleEntry,
)
from cpc.compiler.codegen.build import build_program
from cpc.compiler.codegen.targets import target_named
from cpc.compiler.ir.nodes import ANY, Clause, Decision, Leaf, Step, StepVerdict
from cpc.compiler.policy.model import (
    Action,
    Cidr,
    Direction,
    EndpointTerm,
    EntityTerm,
    In,
    LabelKey,
)
from cpc.compiler.policy.semantics import Reason
from cpc.compiler.timings import Timings

__all__ = ["CLOSED", "INVENTORY", "PROGRAM", "artifact_of", "endpoint", "labelled"]


def labelled(value: str) -> EndpointTerm:
    return EndpointTerm(In(LabelKey("any", "app"), (value,)))


FRIENDS, HOST, WEB = 1, 4, 2
"""Peer bits of PROGRAM, as masks."""


def _leaf(final: int, allowed: int) -> tuple[Leaf, ...]:
    """Peers with a bit of `allowed` are, by rule 0; the rest is denied at site `final`."""
    allow = Step(final + 1, StepVerdict.ALLOW, Reason.RULE, (Clause(ANY, allowed, False, 0),))
    deny = Step(final, StepVerdict.DENY, Reason.MODE, (Clause(ANY, ANY, False, 1),))
    return (Leaf((), (), (allow,), (), deny),)


PROGRAM = Program(
    subjects=((labelled("strict"),),),
    peers=(
        labelled("friend"),
        labelled("web"),
        EntityTerm(Entity.HOST),
        Cidr(ip_network("192.0.2.0/24"), (ip_network("192.0.2.128/25"),)),
    ),
    ingress=Decision(Direction.INGRESS, (0,), (0,), _leaf(1, WEB | HOST), ()),
    egress=Decision(Direction.EGRESS, (0,), (0,), _leaf(3, FRIENDS), ()),
    rules=(
        RuleEntry("friends", Reason.RULE, Action.ALLOW, "shop.cil", 7, 3),
        RuleEntry("", Reason.MODE, Action.DENY, "", 0, 0),
    ),
)
"""Everybody may reach friends and be reached by web and host."""

CLOSED = replace(
    PROGRAM,
    ingress=Decision(Direction.INGRESS, (0,), (0,), _leaf(1, HOST), ()),
    egress=Decision(Direction.EGRESS, (0,), (0,), _leaf(3, 8), ()),
)
"""The host may reach everybody, and everybody the half of 192.0.2.0/24; nothing else."""


def artifact_of(program: Program, cache: Path) -> Artifact:
    """The compiled program; what clang makes is kept in `cache`."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return build_program(program, "0" * 64, target_named("6.6"), Timings(), environment)


def endpoint(name: str, app: str, *addresses: str, interface: str | None = None) -> Endpoint:
    """An endpoint with one label, or with none."""
    labels = (Label("k8s", "app", app),) if app else ()
    return Endpoint(name, labels, tuple(map(ip_address, addresses)), (), interface)


INVENTORY = Inventory(
    cluster=(ip_network("10.0.0.0/16"), ip_network("fd00::/64")),
    entities=((Entity.HOST, (ip_address("10.0.0.254"), ip_address("fd00::fe"))),),
    endpoints=(
        endpoint("shop/web", "web", "10.0.0.1", "fd00::1", interface="cpct-web"),
        endpoint("shop/friend", "friend", "10.0.0.2", "fd00::2", interface="cpct-friend"),
        endpoint("shop/far", "friend", "10.0.0.9"),
        endpoint("shop/blank", "", "10.0.0.10"),
    ),
)
