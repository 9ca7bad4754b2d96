"""Numbers for what a policy names, while it is lowered: selectors, peer terms, rules."""

from collections.abc import Callable, Iterable
from os.path import abspath, commonpath, dirname, relpath

from cpc.compiler.ir.nodes import ANY, RuleEntry
from cpc.compiler.policy.model import (
    Action,
    EndpointTerm,
    Entity,
    EntityTerm,
    Everything,
    Origin,
    Policy,
    Selector,
    Term,
)
from cpc.compiler.policy.semantics import Reason

__all__ = ["Table", "shown"]

_EVERY_SUBJECT: tuple[Term, ...] = (
    EntityTerm(Entity.ALL),
    EntityTerm(Entity.CLUSTER),
    EndpointTerm(Everything()),
)
"""Terms that every subject satisfies: only managed endpoints have a side."""


def shown(policy: Policy) -> Callable[[str], str]:
    """How a file is named in the program: without the folder that all of them share.

    So a policy has one program, wherever it lies and from wherever it is compiled.
    """
    origins = [rule.origin for rule in policy.rules]
    origins += [isolation.origin for isolation in policy.isolations]
    files = {origin.span.file for origin in origins}
    if not files:
        return lambda file: file
    shared = commonpath([dirname(abspath(file)) for file in files])
    return lambda file: relpath(file, shared)


class Table:
    """Numbers for selectors, terms and rules, given on first use."""

    def __init__(self, shown: Callable[[str], str]) -> None:
        self.subjects: dict[Selector, int] = {}
        self.terms: dict[Term, int] = {}
        self.entries: dict[RuleEntry, int] = {}
        self._shown = shown

    def subject(self, selector: Selector) -> int | None:
        """The bit of a subject selector, ANY, or None where it matches nothing."""
        if not selector:
            return None
        if any(term in _EVERY_SUBJECT for term in selector):
            return ANY
        return self.subjects.setdefault(selector, len(self.subjects))

    def peers(self, terms: Iterable[Term]) -> int:
        """The mask of some peer terms, or ANY; 0 for no term."""
        mask = 0
        for term in terms:
            if term == EntityTerm(Entity.ALL):
                return ANY
            mask |= 1 << self.terms.setdefault(term, len(self.terms))
        return mask

    def rule(self, origin: Origin, reason: Reason, action: Action) -> int:
        """The entry of a statement."""
        span = origin.span
        place = (self._shown(span.file), span.line, span.column)
        return self._entry(RuleEntry(origin.name, reason, action, *place, origin.doc))

    def fact(self, what: str, reason: Reason, action: Action) -> int:
        """The entry of something that no statement says."""
        return self._entry(RuleEntry(what, reason, action, "", 0, 0))

    def _entry(self, entry: RuleEntry) -> int:
        return self.entries.setdefault(entry, len(self.entries))
