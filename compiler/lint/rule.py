"""What a rule of `cpc check` is, and what it may look at."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.source import Sources

if TYPE_CHECKING:
    from cpc.compiler.policy.inventory import Inventory
    from cpc.compiler.policy.model import Direction, Policy
    from cpc.compiler.policy.resolve import Definitions
    from cpc.compiler.syntax.stretches import Written
    from cpc.compiler.verify.asserts import Judgement
    from cpc.compiler.verify.findings import Finding, FindingKind

__all__ = ["Check", "Material", "Rule"]


class Material(Struct, frozen=True):
    """A policy without errors, and everything that is known about it.

    `include_path` is where included files were looked for besides; `findings` are those of the engine,
    None where it was not asked; `judgements` are of the asserts, None where they were not asked about.
    `halves` are the directions of all halves of statements that findings are about. Notes about findings
    of the kinds `unheard` nobody hears.
    """

    files: "tuple[Written, ...]"
    sources: Sources
    include_path: tuple[str, ...]
    inventory: "Inventory | None"
    policy: "Policy"
    definitions: "Definitions"
    findings: "tuple[Finding, ...] | None" = None
    judgements: "tuple[Judgement, ...] | None" = None
    halves: "Mapping[object, Sequence[Direction]]" = field(default_factory=dict)
    unheard: "frozenset[FindingKind]" = frozenset()


Check: TypeAlias = Callable[[Material], Iterable[Diagnostic]]


class Rule(Struct, frozen=True):
    """One rule; its name reads well after "allow".

    `severity` is what holds where nobody chose another. `check` None: another part of cpc says it, which
    the rule's file names.
    """

    page: Page
    severity: Severity
    check: Check | None = None

    @property
    def code(self) -> str:
        """The code of its diagnostics."""
        return self.page.code

    @property
    def name(self) -> str:
        """What people call it."""
        return self.page.name
