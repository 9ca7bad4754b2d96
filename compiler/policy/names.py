"""Names: one namespace for every kind of definition, duplicates, typos, cycles, what is unused."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic, TypeAlias, TypeVar

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Label, error, suggest, warning
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Entity
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["ENTITIES", "KINDS", "Definition", "Memo", "Scope", "collect", "report_unused"]

Definition: TypeAlias = (
    tree.Const
    | tree.Param
    | tree.EndpointsDef
    | tree.CidrDef
    | tree.FqdnDef
    | tree.PortDef
    | tree.Service
)

KINDS: dict[type[Definition], str] = {
    tree.Const: "a constant",
    tree.Param: "a parameter",
    tree.EndpointsDef: "an endpoints definition",
    tree.CidrDef: "a cidr definition",
    tree.FqdnDef: "an fqdn definition",
    tree.PortDef: "a port definition",
    tree.Service: "a service",
}

ENTITIES = frozenset(e.value for e in Entity)
"""Names that mean an entity wherever a selector may stand, so nothing else may have them."""

_MAX_CHAIN = 64

D = TypeVar("D", bound=Definition)
T = TypeVar("T")


class Scope(Struct):
    """What every part of resolving shares: the definitions, and the lists that it adds to."""

    definitions: dict[str, Definition]
    params: Mapping[str, str]
    inventory: Inventory | None
    diagnostics: Diagnostics
    used: set[str] = field(default_factory=set)
    unenforced: list[tuple[str, Span]] = field(default_factory=list)
    port_names: set[tuple[str, int]] = field(default_factory=set)
    unresolved: set[Diagnostic] = field(default_factory=set)

    @contextmanager
    def apart(self) -> Iterator["Scope"]:
        """This scope with lists of its own for as long as the block takes."""
        kept = self.diagnostics, self.used, self.unenforced, self.port_names, self.unresolved
        self.diagnostics, self.used, self.unenforced = [], set(), []
        self.port_names, self.unresolved = set(), set()
        try:
            yield self
        finally:
            self.diagnostics, self.used, self.unenforced, self.port_names, self.unresolved = kept

    def find(
        self, name: tree.Name, kinds: tuple[type[Definition], ...], what: str, help: str = ""
    ) -> Definition | None:
        """The definition that a name means, of one of the kinds; else an error (CPC301, CPC304).

        `what` is what stands here, with its article: "a port"; `help` is for another kind.
        """
        found = self.definitions.get(name.text)
        if found is None:
            known = [n for n, d in self.definitions.items() if isinstance(d, kinds)]
            self.unknown(name, what, known)
            return None
        self.used.add(name.text)
        if isinstance(found, kinds):
            return found
        self.wrong_kind(name, found, what, help)
        return None

    def unknown(
        self,
        name: tree.Name,
        what: str,
        known: Sequence[str],
        help: str = "define it, or include the file that does",
    ) -> None:
        """Reports a name that nothing defines; `help` is for one that is like no other."""
        near = suggest(name.text, tuple(known))
        if near is not None:
            self.used.add(near)  # most likely meant: no second complaint about it
            help = f"did you mean `{near}`?"
        self.diagnostics.append(
            error("CPC301", f"`{name.text}` is not defined", name.span, label=what, help=help)
        )

    def wrong_kind(self, name: tree.Name, found: Definition, what: str, help: str) -> None:
        """Reports a name whose kind does not fit."""
        self.diagnostics.append(
            error(
                "CPC304",
                f"`{name.text}` is {KINDS[type(found)]}, not {what}",
                name.span,
                labels=(Label(found.name.span, "defined here"),),
                help=help or f"name {what} here",
            )
        )


class Memo(Generic[D, T]):
    """Definitions of one kind, each resolved once; a definition that needs itself is CPC305."""

    def __init__(self, scope: Scope, resolve: Callable[[D], T | None]) -> None:
        self._scope = scope
        self._resolve = resolve
        self._known: dict[str, T | None] = {}
        self._active: list[D] = []

    def get(self, definition: D, used: Span | None = None) -> T | None:
        """The definition's value, None when it has an error; `used` is the place that needs it."""
        name = definition.name.text
        if name in self._known:
            return self._known[name]
        place = used or definition.name.span
        if any(d is definition for d in self._active):
            self._cycle(definition, place)
            return None
        if len(self._active) >= _MAX_CHAIN:
            self._scope.diagnostics.append(
                error(
                    "CPC305",
                    f"definitions lean on each other more than {_MAX_CHAIN} deep",
                    place,
                    help="put definitions before their uses, or shorten the chain",
                )
            )
            return None
        self._active.append(definition)
        value = self._resolve(definition)
        self._active.pop()
        self._known[name] = value
        return value

    def _cycle(self, definition: D, place: Span) -> None:
        start = next(i for i, d in enumerate(self._active) if d is definition)
        ring = [d.name for d in self._active[start:]]
        self._scope.diagnostics.append(
            error(
                "CPC305",
                "definition cycle: " + " -> ".join(f"`{n.text}`" for n in [*ring, ring[0]]),
                place,
                label="this closes the cycle",
                labels=tuple(Label(n.span, f"`{n.text}` is defined here") for n in ring),
                help="let one of them stand without the others",
            )
        )


def collect(
    files: Sequence[tree.File], params: Mapping[str, str], inventory: Inventory | None
) -> Scope:
    """The definitions of all files; errors for duplicates, reserved names and unknown parameters."""
    scope = Scope({}, params, inventory, [])
    for file in files:
        for statement in file.statements:
            if isinstance(statement, Definition):
                _define(scope, statement)
    declared = [n for n, d in scope.definitions.items() if isinstance(d, tree.Param)]
    for name in sorted(set(params) - set(declared)):
        near = suggest(name, declared)
        scope.diagnostics.append(
            error(
                "CPC307",
                f"no parameter is named `{name}`",
                help=f"did you mean `{near}`?" if near else f"declare it: `param {name}`",
            )
        )
    return scope


def _define(scope: Scope, definition: Definition) -> None:
    name = definition.name
    if name.text in ENTITIES:
        scope.diagnostics.append(
            error(
                "CPC303",
                f"`{name.text}` is the name of an entity",
                name.span,
                help=f"choose another name, such as `my-{name.text}`",
            )
        )
        return
    first = scope.definitions.get(name.text)
    if first is None:
        scope.definitions[name.text] = definition
        return
    scope.diagnostics.append(
        error(
            "CPC302",
            f"`{name.text}` is defined twice",
            name.span,
            labels=(Label(first.name.span, f"first defined here, as {KINDS[type(first)]}"),),
            help="definitions of every kind share one namespace: rename one of them",
        )
    )


def report_unused(scope: Scope) -> None:
    """Warnings for definitions that nothing names (CPC202); a service is of use by itself."""
    for name, definition in scope.definitions.items():
        if name in scope.used or isinstance(definition, tree.Service):
            continue
        scope.diagnostics.append(
            warning(
                "CPC202",
                f"`{name}` is never used",
                definition.name.span,
                label=KINDS[type(definition)],
                help="remove it",
            )
        )
