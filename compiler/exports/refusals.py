"""What cannot be said in a kind of objects: collected, with the line, and all of it."""

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Label, error, warning
from cpc.compiler.exports.kinds import Kind, shown
from cpc.compiler.policy.model import Origin

__all__ = ["Refusals"]


class Refusals(Struct, frozen=True):
    """The diagnostics of one export. A rule's two halves have one place: the same is said once."""

    kind: Kind
    diagnostics: Diagnostics = field(default_factory=list)
    _said: set[Diagnostic] = field(default_factory=set)

    @property
    def what(self) -> str:
        """An object of the kind, for messages."""
        return shown(self.kind)

    def refuse(
        self, code: str, message: str, origin: Origin, help: str, labels: tuple[Label, ...] = ()
    ) -> None:
        """Adds an error at a statement."""
        self._add(error(code, message, origin.span, labels=labels, help=help))

    def warn(self, code: str, message: str, origin: Origin, help: str) -> None:
        """Adds a warning at a statement."""
        self._add(warning(code, message, origin.span, help=help))

    def _add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self._said:
            self._said.add(diagnostic)
            self.diagnostics.append(diagnostic)
