"""What the parts of one Cilium rule share: where it stands, and how its fields are read.

Cilium's own JSON takes keys, operators and protocols without regard to case, as Go's decoder does; older
policies of Kubernetes are written so too.
"""

from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.documents.nodes import Mapping, Node, Scalar
from cpc.compiler.documents.reader import Fields
from cpc.compiler.imports.context import Context
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["CiliumRule", "Scope"]


class Scope(StrEnum):
    """Where a rule is in force: a namespace, a cluster of Kubernetes, or wherever Cilium runs (JSON)."""

    NAMESPACE = "namespace"
    CLUSTER = "cluster"
    AGENT = "agent"


class CiliumRule(Struct):
    """One rule being read; what is wrong goes into `context`.

    `namespace` is empty unless the scope is one. `name` is the policy's. `entity` is `init` or `health`
    where its subjects are these, which are in no namespace. `definitions` are what its rules name, and
    stand beside the policy.
    """

    context: Context
    scope: Scope
    namespace: str
    name: str = ""
    entity: str = ""
    definitions: list[tree.FqdnDef] = field(default_factory=list)

    # --- reading -------------------------------------------------------------------------------

    def fields(
        self,
        node: Node,
        what: str,
        known: Collection[str],
        elsewhere: dict[str, str] | None = None,
    ) -> Fields:
        """The entries of a mapping by key as in `known`, without those that are nothing.

        `elsewhere` is help for keys that mean something in another place.
        """
        if isinstance(node, Mapping):
            entries = tuple((self.spelled(key, known), value) for key, value in node.entries)
            node = node._replace(entries=entries)
        return self.context.fields(node, what, known, elsewhere)

    def spelled(self, word: Scalar, known: Collection[str]) -> Scalar:
        """A word as it is in `known`, if only case makes the difference (CPC820); else itself."""
        if word.text in known:
            return word
        meant = next((k for k in known if k.lower() == word.text.lower()), None)
        if meant is None:
            return word
        strict = self.scope is not Scope.AGENT
        help = f"write `{meant}`" + (
            ": the API server drops or refuses other spellings" if strict else ""
        )
        self.context.diagnostics.append(
            Diagnostic(
                "CPC820",
                Severity.WARNING if strict else Severity.NOTE,
                f"`{word.text}` is read as `{meant}`",
                word.span,
                help=(help,),
            )
        )
        return word._replace(text=meant)

    def items(self, parts: Fields, name: str) -> tuple[Node, ...] | None:
        """The items of a list; None where the field is absent, a warning where it is empty (CPC821)."""
        if name not in parts:
            return None
        word, node = parts[name]
        mark = self.context.mark
        found = self.context.sequence(node, f"`{name}`")
        if not found and self.context.mark == mark:
            self.nothing(name, word.span)
        return found

    def text(self, parts: Fields, name: str) -> Scalar | None:
        """A string that is not empty; None where it is absent, empty or wrong."""
        if name not in parts:
            return None
        node = parts[name][1]
        if isinstance(node, Scalar) and node.is_string and not node.text:
            return None
        return self.context.string(node, f"`{name}`")

    # --- what is wrong -------------------------------------------------------------------------

    def wrong(self, message: str, span: Span, help: str) -> None:
        """A value that cannot be used (CPC804)."""
        self.context.refuse("CPC804", message, span, help)

    def lacking(self, message: str, node: Node, help: str, place: Span | None = None) -> None:
        """A field that is not there (CPC804), unless something is wrong with its mapping already."""
        said = (d.span for d in self.context.diagnostics[-1:] if d.severity is Severity.ERROR)
        if not any(s and node.start <= s.start <= s.end <= node.end for s in said):
            self.wrong(message, place or node.span, help)

    def cannot(self, message: str, span: Span, help: str) -> None:
        """Something that has no meaning here (CPC809)."""
        self.context.refuse("CPC809", message, span, help)

    def missing(self, name: str, what: str, span: Span) -> None:
        """A warning for a list that is not there and without which nothing is matched."""
        help = f"list what is meant as `{name}`"
        self.context.warn("CPC821", f"{what} has no `{name}`: it matches nothing", span, help)

    def nothing(self, name: str, span: Span) -> None:
        """A warning for a list that matches nothing."""
        self.context.warn(
            "CPC821",
            f"`{name}` is empty: the rule matches nothing",
            span,
            f"leave `{name}` out if it is not meant to narrow the rule",
        )

    def apart(self, names: Collection[str], parts: Fields, what: str, help: str) -> bool:
        """Whether at most one of the fields is there; else an error (CPC823)."""
        found = [name for name in names if name in parts]
        if len(found) < 2:
            return True
        self.context.refuse(
            "CPC823",
            f"`{found[0]}` and `{found[1]}` do not combine in {what}",
            parts[found[1]][0].span,
            help,
        )
        return False
