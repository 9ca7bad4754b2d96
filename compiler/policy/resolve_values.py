"""Constants, parameters and literals to strings and numbers."""

import re

from msgspec import Struct

from cpc.compiler.diagnostics import Label, error
from cpc.compiler.policy.names import Memo, Scope
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Constant", "Values"]


class Constant(Struct, frozen=True):
    """A value: a string, a number, or both where the command line set it (it has no quotes)."""

    text: str | None
    number: int | None
    span: Span


class Values:
    """Looks values up; errors are CPC301, CPC304-CPC306 and CPC308."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: Memo[tree.Const | tree.Param, Constant] = Memo(scope, self._definition)
        for definition in scope.definitions.values():
            if isinstance(definition, tree.Const | tree.Param):
                self._known.get(definition)

    def constant(self, value: tree.Value, what: str) -> Constant | None:
        """The value itself or of the constant that it names; None after an error."""
        match value:
            case tree.Text(text, span):
                return Constant(text, None, span)
            case tree.Number(number, span):
                return Constant(None, number, span)
            case tree.Name():
                found = self._scope.find(value, (tree.Const, tree.Param), what)
                if not isinstance(found, tree.Const | tree.Param):
                    return None
                return self._known.get(found, value.span)

    def text(self, value: tree.Value, what: str) -> str | None:
        """A string; `what` is what stands here, with its article."""
        constant = self.constant(value, what)
        if constant is None:
            return None
        if constant.text is not None:
            return constant.text
        self._mismatch(value, constant, f"{what} is a string", f'write `"{constant.number}"`')
        return None

    def label(self, value: tree.Value) -> str | None:
        """A label's value: a string, or a number as its digits."""
        constant = self.constant(value, "a label's value")
        if constant is None:
            return None
        return str(constant.number) if constant.text is None else constant.text

    def number(self, value: tree.Value, what: str) -> int | None:
        """A number; `what` is what stands here, with its article."""
        constant = self.constant(value, what)
        if constant is None:
            return None
        if constant.number is not None:
            return constant.number
        self._mismatch(value, constant, f"{what} is a number", "write it in digits, without quotes")
        return None

    def _mismatch(self, value: tree.Value, constant: Constant, message: str, help: str) -> None:
        away = constant.span != value.span
        labels = (Label(constant.span, "its value"),) if away else ()
        self._scope.diagnostics.append(
            error("CPC308", message, value.span, labels=labels, help=help)
        )

    def _definition(self, definition: tree.Const | tree.Param) -> Constant | None:
        if isinstance(definition, tree.Const):
            return self.constant(definition.value, "a value")
        given = self._scope.params.get(definition.name.text)
        if given is not None:
            digits = re.fullmatch(r"[0-9]{1,18}", given) is not None
            return Constant(given, int(given) if digits else None, definition.name.span)
        if definition.default is not None:
            return self.constant(definition.default, "a value")
        name = definition.name.text
        self._scope.diagnostics.append(
            error(
                "CPC306",
                f"parameter `{name}` is not set",
                definition.name.span,
                help=f"pass `--param {name}=VALUE`, or give it a default: `param {name} = ...`",
            )
        )
        return None
