"""Syntax trees to a resolved policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.policy.claims import Assert, Test
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.services import Service
from cpc.compiler.syntax import tree

__all__ = ["Definitions", "resolve"]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a policy holds beside its rules, in written order."""

    services: tuple[Service, ...] = ()
    asserts: tuple[Assert, ...] = ()
    tests: tuple[Test, ...] = ()


def resolve(
    files: Sequence[tree.File],
    params: Mapping[str, str],
    inventory: Inventory | None = None,
) -> tuple[Policy, Definitions, Diagnostics]:
    """The meaning of `files`, in their order, with `params` set; errors are CPC3xx."""
    return Policy(()), Definitions(), []
