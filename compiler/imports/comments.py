"""The comments of a YAML text, for those who write it down again."""

import re
from collections.abc import Iterator
from itertools import pairwise

import yaml

from cpc.compiler.errors import InternalError
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.tree import Comment

__all__ = ["blank_lines", "comments"]

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.MULTILINE)
_BLANK = re.compile(r"^[ \t]*\n", re.MULTILINE)


def comments(source: SourceFile) -> tuple[Comment, ...]:
    """Every comment of a text that is valid YAML, in order."""
    if "#" not in source.text:
        return ()
    found: list[Comment] = []
    for start, end in _gaps(source.text):
        for match in _COMMENT.finditer(source.text, start, end):
            line = source.text.rfind("\n", 0, match.start()) + 1
            own_line = not source.text[line : match.start()].strip()
            span = source.span(match.start(), match.end())
            found.append(Comment(match[0].rstrip(), span, own_line))
    return tuple(found)


def blank_lines(source: SourceFile) -> tuple[int, ...]:
    """Where lines without a character start."""
    return tuple(match.start() for match in _BLANK.finditer(source.text))


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """What lies between the tokens: white space and comments."""
    places = [_place(token) for token in yaml.scan(text, Loader=yaml.CSafeLoader)]
    for (_, end), (start, _) in pairwise(places):
        if start > end:
            yield end, start


def _place(token: yaml.Token) -> tuple[int, int]:
    if token.start_mark is None or token.end_mark is None:
        raise InternalError("a YAML token without marks")
    return token.start_mark.index, token.end_mark.index
