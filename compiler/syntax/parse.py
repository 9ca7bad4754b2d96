"""Text to tree, statement by statement: one that is wrong does not hide the next.

Only this module and `grammar` know Lark.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.build import Builder
from cpc.compiler.syntax.grammar import parser
from cpc.compiler.syntax.mistakes import Failure, Table, explain, table_of
from cpc.compiler.syntax.places import Branch, Leaf
from cpc.compiler.syntax.reader import Reader
from cpc.compiler.syntax.scan import Scanner
from cpc.compiler.syntax.scan import Token as Word
from cpc.compiler.syntax.shapes import Shapes, own_words
from cpc.grammar.syntax_errors import MISTAKES

__all__ = ["parse", "parse_connection"]


def parse(source: SourceFile) -> tuple[tree.File, Diagnostics]:
    """The tree of a text, and what is wrong with it (CPC1xx).

    What has an error is missing from the tree; the rest is there.
    """
    with _no_collection():
        reader = Reader(source, _scanner().scan(source), _branch, _mistakes)
        return reader.file(), reader.diagnostics


def parse_connection(source: SourceFile) -> tuple[tree.Connection | None, Diagnostics]:
    """The tree of a question about one connection, or what is wrong with it (CPC1xx)."""
    text = source.text
    branch = _branch("connection", text)
    if isinstance(branch, Failure):
        last = len(text.rstrip())
        at_end = branch.terminal == "$END"
        first, end = (max(last - 1, 0), last) if at_end else (branch.first, branch.last)
        return None, [explain(branch, _mistakes(), source.span(first, end))]
    problems: Diagnostics = []
    built = Builder(source, text, 0, "", problems).connection(branch)
    return (None if problems else built), problems


@contextmanager
def _no_collection() -> Iterator[None]:
    """Trees have no cycles: looking for some while they grow doubles the time of a large file."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def _scanner() -> Scanner:
    names = ("NAME", "STRING", "IP")
    return Scanner({name: parser().get_terminal(name).pattern.to_regexp() for name in names})


@cache
def _shapes() -> Shapes:
    return Shapes(own_words(t.pattern.value for t in parser().terminals), _in_words)


def _branch(start: str, text: str, words: Sequence[Word] = ()) -> "Branch | Failure":
    """The node of one piece, of which the scanner made some words if it saw it, or a `Failure`."""
    try:
        if words:
            return _shapes().branch(start, text, words)
        return _nodes(parser().parse(text, start=start))
    except UnexpectedInput as wrong:
        return _failure(start, wrong, text)


def _in_words(start: str, text: str) -> tuple[Branch, list[tuple[int, int]]]:
    """The node of a piece, and the places of the parser's words."""
    try:
        asked: Any = parser().parse_interactive(text, start)
        words = list(asked.iter_parse())
        tree = asked.feed_eof(words[-1])
    except UnexpectedInput:
        return _nodes(parser().parse(text, start=start)), []  # fails again, and says how
    return _nodes(tree), [(word.start_pos, word.end_pos) for word in words]


def _nodes(tree: Any) -> Branch:
    """The parser's tree as nodes, however deep it is."""
    whole = Branch(str(tree.data), [])
    waiting = [(tree, whole.children)]
    while waiting:
        parsed, children = waiting.pop()
        for child in parsed.children:
            if child is None:
                children.append(None)
            elif isinstance(child, Token):
                start, end = child.start_pos or 0, child.end_pos or 0
                children.append(Leaf(child.type, str(child), start, end))
            else:
                branch = Branch(str(child.data), [])
                children.append(branch)
                waiting.append((child, branch.children))
    return whole


def _failure(start: str, wrong: UnexpectedInput, text: str) -> Failure:
    stopped: Any = wrong.interactive_parser
    state, takes = stopped.parser_state.position, frozenset(stopped.accepts())
    if isinstance(wrong, UnexpectedToken):
        token: Token = wrong.token
        if token.type == "$END":
            return Failure(start, state, "$END", takes, "", text, "", len(text), len(text))
        word = token.value.strip()
        first, terminal = token.start_pos or 0, token.type
    else:
        first, terminal = wrong.pos_in_stream or 0, "?"
        word = text[first]
    last = first + len(word)
    before, after = text[:first], text[last:]
    return Failure(start, state, terminal, takes, word, before, after, first, last)


@cache
def _mistakes() -> Table:
    def fail(start: str, snippet: str) -> Failure | None:
        answer = _branch(start, snippet)
        return answer if isinstance(answer, Failure) else None

    return table_of(MISTAKES, fail)
