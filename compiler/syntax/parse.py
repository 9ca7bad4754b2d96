"""Text to tree, statement by statement: one that is wrong does not hide the next.

Only this module and `grammar` know Lark. Pieces that parsed are remembered by their text, so that after an edit
only what changed is parsed anew.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.build import Builder
from cpc.compiler.syntax.grammar import parser
from cpc.compiler.syntax.mistakes import Failure, Table, explain, table_of
from cpc.compiler.syntax.reader import Reader
from cpc.compiler.syntax.scan import Scanner
from cpc.grammar.syntax_errors import MISTAKES

__all__ = ["parse", "parse_connection"]

_REMEMBERED = 16384
"""Pieces kept, about 2 kB each."""


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


def _branch(start: str, text: str) -> Any:
    """The parser's node of one piece, or a `Failure`."""
    try:
        return _parsed(start, text)
    except UnexpectedInput as wrong:
        return _failure(start, wrong, text)


@lru_cache(maxsize=_REMEMBERED)
def _parsed(start: str, text: str) -> Any:
    return parser().parse(text, start=start)


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
