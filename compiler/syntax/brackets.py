"""Which bracket closes which, and where a missing one should have stood."""

from bisect import bisect_left

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Label, error
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.scan import Token
from cpc.compiler.syntax.words import INSIDE, STATEMENTS

__all__ = ["MAX_DEPTH", "Brackets", "match_brackets"]

MAX_DEPTH = 64

_CLOSER = {"{": "}", "[": "]", "(": ")"}
_OPENER = {closer: opener for opener, closer in _CLOSER.items()}


class Brackets(Struct, frozen=True):
    """`closes`: opener to closer, as token indexes.

    An opener in `unclosed` has no closer; its entry in `closes` is the token before which one is missing. `stray`
    closers have no opener. Openers in `deep` are nested too deep. `diagnostics` are about all three.
    """

    closes: dict[int, int]
    unclosed: frozenset[int]
    stray: frozenset[int]
    deep: frozenset[int]
    diagnostics: Diagnostics


class _Matcher:
    def __init__(self, source: SourceFile, tokens: list[Token], by_layout: bool) -> None:
        self.source = source
        self.tokens = tokens
        self.by_layout = by_layout
        self.stack: list[int] = []
        self.closes: dict[int, int] = {}
        self.missing: list[int] = []
        self.stray: list[int] = []
        self.deep: list[int] = []

    def run(self) -> "_Matcher":
        for index, token in enumerate(self.tokens):
            if token.kind == "op":
                if token.text in _CLOSER:
                    self.stack.append(index)
                    if len(self.stack) == MAX_DEPTH + 1:
                        self.deep.append(index)
                elif token.text in _OPENER:
                    self._close(index, token)
            elif self.by_layout and token.text in STATEMENTS:
                self._start(index, token)
        while self.stack:
            self._give_up(self.stack.pop(), len(self.tokens))
        return self

    def _close(self, index: int, token: Token) -> None:
        wanted = _OPENER[token.text]
        if self.by_layout and (column := self._indent(token, alone=True)) is not None:
            inner = [i for i in self.stack if (self._indent(self.tokens[i]) or 0) > column]
            outer = [i for i in self.stack if self.tokens[i].text == wanted and i not in inner]
            if inner and outer and self._indent(self.tokens[outer[-1]]) == column:
                while self.stack[-1] != outer[-1]:
                    self._give_up(self.stack.pop(), index)
        if all(self.tokens[i].text != wanted for i in self.stack):
            self.stray.append(index)
            return
        while self.tokens[self.stack[-1]].text != wanted:
            self._give_up(self.stack.pop(), index)
        self.closes[self.stack.pop()] = index

    def _start(self, index: int, token: Token) -> None:
        """A statement as far left as the line of an open bracket that cannot hold it ends that."""
        column = self._indent(token, alone=True)
        if column is None:
            return
        while self.stack and (self._indent(self.tokens[self.stack[-1]]) or 0) >= column:
            if token.text in INSIDE.get(self._block(self.stack[-1]), frozenset()):
                return
            self._give_up(self.stack.pop(), index)

    def _block(self, opener: int) -> str:
        """The word of the block that a brace opens, or nothing."""
        start = self.tokens[opener].start
        line = self.source.text.rfind("\n", 0, start) + 1
        words = self.source.text[line:start].split()
        return next((word for word in words if word != "staged"), "")

    def _give_up(self, opener: int, before: int) -> None:
        self.closes[opener] = before
        self.missing.append(opener)

    def _indent(self, token: Token, alone: bool = False) -> int | None:
        """The indentation of the token's line; None if `alone` and it is not the first there."""
        text = self.source.text
        line = text.rfind("\n", 0, token.start) + 1
        before = text[line : token.start]
        indent = len(before) - len(before.lstrip(" \t"))
        return None if alone and indent < len(before) else indent


def match_brackets(source: SourceFile, tokens: list[Token]) -> Brackets:
    """Matches brackets by their order alone; only if that fails, the layout says what is missing."""
    matcher = _Matcher(source, tokens, by_layout=False).run()
    wrong = len(matcher.missing) + len(matcher.stray)
    if wrong:
        guess = _Matcher(source, tokens, by_layout=True).run()
        if len(guess.missing) + len(guess.stray) <= wrong:
            matcher = guess
    diagnostics: Diagnostics = []
    open_strings = [i for i, t in enumerate(tokens) if t.kind == "bad" and t.text[0] == '"']
    for opener in matcher.missing:
        at = bisect_left(open_strings, opener)
        if at < len(open_strings) and open_strings[at] < matcher.closes[opener]:
            continue  # the string without an end took the closer with it, and has its own error
        diagnostics.append(_missing(source, tokens, opener, matcher.closes[opener]))
    for index in matcher.deep:
        span = source.span(tokens[index].start, tokens[index].end)
        message = f"more than {MAX_DEPTH} brackets inside each other"
        help = "give the inner parts names of their own"
        diagnostics.append(error("CPC116", message, span, help=help))
    return Brackets(
        matcher.closes,
        frozenset(matcher.missing),
        frozenset(matcher.stray),
        frozenset(matcher.deep),
        diagnostics,
    )


def _missing(source: SourceFile, tokens: list[Token], opener: int, before: int) -> Diagnostic:
    token = tokens[opener]
    closer = _CLOSER[token.text]
    last = tokens[before - 1] if before else token
    labels = (Label(source.span(last.start, last.end), f"`{closer}` expected after this"),)
    return error(
        "CPC105",
        f"`{token.text}` is never closed",
        source.span(token.start, token.end),
        label="opened here",
        labels=labels,
        help=f"add the missing `{closer}`",
    )
