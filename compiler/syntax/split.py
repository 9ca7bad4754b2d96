"""Where statements start and end, so that one that is wrong does not hide the next.

A word that starts statements does so wherever a statement could end. Where an operand is due (after `->`, a
comma, `and`, ...) it is a name instead; so is the word after `policy`, `const` and their like.
"""

from collections.abc import Iterator

from msgspec import Struct

from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.brackets import Brackets
from cpc.compiler.syntax.scan import Token
from cpc.compiler.syntax.words import ACTIONS, BLOCKS, DIRECTIONS, SERVICE_ITEMS, STATEMENTS

__all__ = ["Piece", "Splitter"]


class Piece(Struct, frozen=True):
    """Tokens [first, last) of one statement, service item or test case.

    `word` says which (of `staged policy` it is policy; of a rule the action); empty: no statement
    starts so. A block has its `{` at `opener`, and `last` is past its `}`.
    """

    word: str
    first: int
    last: int
    opener: int | None = None


_NAMED = frozenset(
    {"const", "param", "endpoints", "cidr", "fqdn", "port", "policy", "service", "mode"}
    | {"allow-host", "balance", "affinity"}
)
"""Words before one word that is never a statement, and after which a statement may end."""

_PREFIXED = frozenset({"default", "assert", "tier"})
"""Words before one word that is never a statement, and after which an operand is due."""

_BINDING = {"default": "for", "tier": "priority", "baseline": "priority"}
"""Words inside a statement after which an operand is due."""

_WITHOUT_SELECTORS = frozenset({"const", "param", "fqdn", "port"})
_BEFORE_SELECTOR = frozenset({"->", ",", ":"})
"""Signs after which `not` may negate what follows; elsewhere, and in other statements, it is a name."""

_OPERAND = frozenset({"{", "(", "["})


class Splitter:
    """Cuts a text's tokens into pieces."""

    def __init__(self, source: SourceFile, tokens: list[Token], brackets: Brackets) -> None:
        self._text = source.text
        self._tokens = tokens
        self._brackets = brackets

    def statements(self, start: int, stop: int, inside: str = "file") -> Iterator[Piece]:
        """The pieces of tokens [start, stop); `inside` is file or the word of a block."""
        while start < stop:
            if inside == "test":
                piece = self._case(start, stop)
            else:
                piece = self._statement(start, stop, _words(inside))
            yield piece
            start = piece.last

    def lines(self, piece: Piece, inside: str) -> list[Piece]:
        """A piece that does not parse, cut again where its lines start with a statement.

        In a `test` every line is tried.
        """
        words = _words(inside)
        starts = [piece.first]
        index = piece.first
        while index < piece.last:
            token = self._tokens[index]
            new_line = index > piece.first and self._starts_line(index)
            if new_line and (inside == "test" or (token.kind == "name" and token.text in words)):
                starts.append(index)
            index = self._after(index, piece.last)
        stops = [*starts[1:], piece.last]
        return [
            self._case(a, b, whole=True) if inside == "test" else self._statement(a, b, words)
            for a, b in zip(starts, stops, strict=True)
        ]

    def cut(self, piece: Piece, wrong: int, inside: str) -> list[Piece]:
        """A piece that fails at token `wrong`, cut before the line of that token.

        Nothing where that line is indented, and so goes on with what is before it.
        """
        index = wrong
        while index > piece.first and not self._starts_line(index):
            index -= 1
        if index <= piece.first or not self._new_line(index, piece.first):
            return []
        first = Piece(piece.word, piece.first, index)
        return [first, *self.statements(index, piece.last, inside)]

    def _indent(self, index: int) -> int:
        """The indentation of the line that a token is on."""
        start = self._text.rfind("\n", 0, self._tokens[index].start) + 1
        line = self._text[start : self._tokens[index].start]
        return len(line) - len(line.lstrip(" \t"))

    def as_word(self, piece: Piece, word: str, inside: str) -> Piece:
        """The piece that starts like `piece`, if its first token were `word`."""
        return self._statement(piece.first, piece.last, _words(inside), word)

    def _starts_line(self, index: int) -> bool:
        before = self._tokens[index - 1].end
        return "\n" in self._text[before : self._tokens[index].start]

    def _after(self, index: int, stop: int) -> int:
        """The index after this token, or after the bracket that it opens."""
        closer = self._brackets.closes.get(index)
        if closer is None:
            return index + 1
        return min(stop, closer if index in self._brackets.unclosed else closer + 1)

    def _is_name(self, index: int, stop: int) -> bool:
        return index < stop and self._tokens[index].kind in ("name", "quoted")

    def _word(self, index: int, stop: int, words: "frozenset[str] | tuple[str, ...]") -> bool:
        if index >= stop:
            return False
        token = self._tokens[index]
        return token.kind == "name" and token.text in words

    def _head(self, start: int, stop: int, words: frozenset[str]) -> tuple[str, int]:
        """The word that says what the statement at `start` is, and the index after it."""
        if not self._word(start, stop, words):
            return "", start + 1
        at = start
        if self._word(at, stop, ("staged",)) and (
            self._word(at + 1, stop, (*DIRECTIONS, *ACTIONS, "policy"))
        ):
            at += 1
        if self._word(at, stop, DIRECTIONS) and self._word(at + 1, stop, ACTIONS):
            at += 1
        return self._tokens[at].text, at + 1

    def _statement(
        self, start: int, stop: int, words: frozenset[str], known: str | None = None
    ) -> Piece:
        word, index = (known, start + 1) if known else self._head(start, stop, words)
        if not word:
            index = self._past_defaults(self._after(start, stop), stop)
        due = word not in _NAMED and word != ""
        if word in _NAMED or word in _PREFIXED:
            index += self._is_name(index, stop)
        binding = _BINDING.get(word)
        tokens = self._tokens
        negatable = word not in _WITHOUT_SELECTORS
        while index < stop:
            kind, text, _, _ = tokens[index]
            if kind == "op":
                if text in "}])":
                    break
                if text == "{" and word in BLOCKS:
                    return Piece(word, start, self._after(index, stop), index)
                due = text not in _OPERAND
                negatable = self._before_selector(text, word)
                index = self._after(index, stop)
                continue
            if not word and kind == "name" and self._new_line(index, start):
                break
            if kind == "name" and due:
                negated = negatable and text == "not" and self._operand(index + 1, stop)
                due = negated or text == binding == "priority"
            elif kind == "name":
                due = text in ("and", "or") or text == binding
                negatable = word not in _WITHOUT_SELECTORS
                past = self._past_defaults(index, stop)
                if past > index and self._new_line(index - 1, start):
                    index = past
                    continue
                direction = word == "default" and text in DIRECTIONS
                if not due and text in words and not (direction and self._listed(index, stop)):
                    break
            else:
                due = False
            index += 1
        return Piece(word, start, max(index, start + 1))

    def _new_line(self, index: int, start: int) -> bool:
        """Whether a token starts a line that is indented no deeper than the statement's."""
        return self._starts_line(index) and self._indent(index) <= self._indent(start)

    def _past_defaults(self, index: int, stop: int) -> int:
        """The index of `for`, where only the word `default` before `index` seems to be misspelt."""
        if not self._word(index, stop, ("allow", "deny")):
            return index
        at = index + 1
        while self._word(at, stop, DIRECTIONS) or (at < stop and self._tokens[at].text == ","):
            at += 1
        return at if at > index + 1 and self._word(at, stop, ("for",)) else index

    def _listed(self, index: int, stop: int) -> bool:
        """Whether a direction is one of a `default`, though the comma before it is missing."""
        return self._word(index - 1, stop, DIRECTIONS) and self._word(index + 1, stop, ("for",))

    def _before_selector(self, sign: str, word: str) -> bool:
        if word in _WITHOUT_SELECTORS:
            return False
        return sign in _BEFORE_SELECTOR or (sign == "=" and word == "endpoints")

    def _operand(self, index: int, stop: int) -> bool:
        if index >= stop:
            return False
        token = self._tokens[index]
        return token.kind != "op" or token.text in _OPERAND

    def _case(self, start: int, stop: int, whole: bool = False) -> Piece:
        """`left -> right ports : verdict by name`; with `whole`, all of the tokens."""
        index = start
        while index < stop and not whole:
            if self._tokens[index].text != ":":
                index = self._after(index, stop)
                continue
            index += 1
            if not self._is_name(index, stop):
                continue
            index += 1
            if self._word(index, stop, ("by",)) and self._is_name(index + 1, stop):
                index += 2
            return Piece("case", start, max(index, start + 1))
        return Piece("case", start, stop)


def _words(inside: str) -> frozenset[str]:
    """The words that start something here, though they may not be allowed to."""
    return STATEMENTS | SERVICE_ITEMS if inside == "service" else STATEMENTS
