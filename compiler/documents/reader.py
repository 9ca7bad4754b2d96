"""A reader that checks the shape of nodes and says what is wrong with it."""

import re
from collections.abc import Collection

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostics, Label, error, has_errors, suggest, warning
from cpc.compiler.documents.nodes import Kind, Mapping, Node, Scalar, Sequence, is_null
from cpc.compiler.source import Span

__all__ = ["Fields", "Reader", "quoted"]

Fields = dict[str, tuple[Scalar, Node]]
"""A mapping's entries by key: the key as written, and its value."""


class Reader(Struct):
    """Checks shapes and adds what is wrong to `diagnostics` (CPC702-CPC704)."""

    diagnostics: Diagnostics = field(default_factory=list)

    def refuse(
        self, code: str, message: str, span: Span, help: str, labels: tuple[Label, ...] = ()
    ) -> None:
        """Adds an error."""
        message, help = _short(message), _short(help)
        self.diagnostics.append(error(code, message, span, labels=labels, help=help))

    def warn(self, code: str, message: str, span: Span, help: str) -> None:
        """Adds a warning."""
        self.diagnostics.append(warning(code, _short(message), span, help=_short(help)))

    @property
    def mark(self) -> int:
        """A point in what was said, for `failed`."""
        return len(self.diagnostics)

    def failed(self, mark: int = 0) -> bool:
        """Whether something was wrong since a mark."""
        return has_errors(self.diagnostics[mark:])

    def mapping(
        self,
        node: Node,
        what: str,
        known: Collection[str] | None,
        elsewhere: dict[str, str] | None = None,
    ) -> Fields:
        """The entries of a mapping by key, with only `known` keys (None: any); null is empty.

        `elsewhere` is help for keys that mean something in another place.
        """
        if is_null(node):
            return {}
        if not isinstance(node, Mapping):
            self.refuse("CPC702", f"{what} is a mapping", node.span, "write `key: value` pairs")
            return {}
        found: Fields = {}
        for entry in node.entries:
            key = entry[0]
            word = key.text
            if known is not None and word not in known:
                if elsewhere and word in elsewhere:
                    message = f"`{word}` is not a key of {what}"
                    self.refuse("CPC703", message, key.span, elsewhere[word])
                else:
                    self.unknown(key, what, known)
            elif word in found:
                first = (Label(found[word][0].span, "first given here"),)
                self.refuse("CPC704", f"`{word}` is given twice", key.span, "remove one", first)
            else:
                found[word] = entry
        return found

    def unknown(self, key: Scalar, what: str, known: Collection[str]) -> None:
        """Reports a key that `what` does not have."""
        near = suggest(key.text, tuple(known))
        keys = ", ".join(f"`{k}`" for k in known)
        help = f"did you mean `{near}`?" if near else f"known keys are {keys}"
        self.refuse("CPC703", f"`{key.text}` is not a key of {what}", key.span, help)

    def sequence(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list; null is empty."""
        if is_null(node):
            return ()
        if isinstance(node, Sequence):
            return node.items
        self.refuse("CPC702", f"{what} is a list", node.span, "write `[a, b]`, or `- a` lines")
        return ()

    def string(self, node: Node, what: str) -> Scalar | None:
        """A scalar that YAML reads as a string; None after an error."""
        if isinstance(node, Scalar) and node.is_string and node.text:
            return node
        help = quoted(node) if isinstance(node, Scalar) else "give one"
        self.refuse("CPC702", f"{what} is a string", node.span, help)
        return None

    def text(self, node: Node, what: str) -> Scalar | None:
        """A scalar as written, whatever YAML makes of it (`1::2` may be a number to it)."""
        if isinstance(node, Scalar) and not node.is_null:
            return node
        self.refuse("CPC702", f"{what} is a string", node.span, "give one")
        return None

    def number(self, node: Node, what: str, low: int, high: int) -> int | None:
        """A decimal number from `low` to `high`; None after an error."""
        number = node.number if isinstance(node, Scalar) else None
        if number is not None and low <= number <= high:
            return number
        help = f"write a number from {low} to {high}"
        if isinstance(node, Scalar):
            help = _number_help(node, help)
        self.refuse("CPC702", f"{what} is a number from {low} to {high}", node.span, help)
        return None

    def truth(self, node: Node, what: str) -> bool | None:
        """A truth value; None after an error."""
        value = node.truth if isinstance(node, Scalar) else None
        if value is None:
            self.refuse(
                "CPC702", f"{what} is true or false", node.span, "write `true` or `false`, unquoted"
            )
        return value


def quoted(node: Scalar) -> str:
    """The help for a scalar that should be a string."""
    if node.is_null or not node.text:
        return "give one"
    return f'quote it: `"{node.text}"`'


_OCTAL = re.compile(r"[-+]?0[oO]?([0-7]{1,9})")


def _number_help(node: Scalar, help: str) -> str:
    """What to write instead of a scalar that is no decimal number of the range."""
    octal = _OCTAL.fullmatch(node.text) if node.kind is Kind.INT and node.number is None else None
    if octal is not None:
        return f"`{node.text}` is octal, for {int(octal[1], 8)}: {help} without leading zeros"
    if node.kind in (Kind.INT, Kind.OTHER) and node.number is None:
        return f"{help} in decimal digits"
    return f"{help}, without quotes" if node.is_string else help


_MAX_SHOWN = 80
_QUOTED = re.compile(f"`([^`]{{{_MAX_SHOWN}}})[^`]+`")


def _short(message: str) -> str:
    """A message with what it quotes cut to a length that can be read."""
    return message if len(message) <= _MAX_SHOWN else _QUOTED.sub(r"`\1...`", message)
