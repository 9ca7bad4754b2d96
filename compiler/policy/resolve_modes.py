"""`mode` and `allow-host`: what holds for the whole run."""

from msgspec import Struct, field

from cpc.compiler.diagnostics import Label, error
from cpc.compiler.policy.model import Mode
from cpc.compiler.policy.names import Scope
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Modes"]


class Modes(Struct):
    """Collects them: said once, or always the same (CPC335)."""

    scope: Scope
    _said: dict[str, tuple[str, Span]] = field(default_factory=dict)

    def add(self, statement: tree.Mode | tree.AllowHost) -> None:
        """One statement."""
        word = "mode" if isinstance(statement, tree.Mode) else "allow-host"
        value, first = self._said.setdefault(word, (statement.value, statement.span))
        if value != statement.value:
            self.scope.diagnostics.append(
                error(
                    "CPC335",
                    f"`{word} {statement.value}` contradicts `{word} {value}`",
                    statement.span,
                    labels=(Label(first, "first said here"),),
                    help="one run has one of them: remove the other",
                )
            )

    @property
    def mode(self) -> Mode:
        """The run's mode."""
        return Mode(self._said["mode"][0]) if "mode" in self._said else Mode.DEFAULT

    @property
    def allow_host(self) -> bool:
        """Whether the local host may always reach endpoints."""
        return "allow-host" not in self._said or self._said["allow-host"][0] == "always"
