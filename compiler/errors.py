"""The two kinds of failure: the world's fault, and ours."""

from cpc.compiler.diagnostics import Diagnostic

__all__ = ["InputError", "InternalError"]


class InputError(Exception):
    """Input, tools or the machine are not as they must be; carries at least one error diagnostic."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics


class InternalError(Exception):
    """A promise between two parts of cpc is broken; never the user's fault."""
