"""Text to words: what the splitter cuts by, and everything wrong that one word can show.

The patterns of names, strings and addresses are the grammar's own. Comments are set apart here, so
the grammar never meets one.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_interface
from string import ascii_letters, digits
from typing import NamedTuple

from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, error
from cpc.compiler.source import SourceFile, make
from cpc.compiler.syntax.strings import bad_escape
from cpc.compiler.syntax.tree import Comment

__all__ = ["DocLine", "Scanned", "Scanner", "Token"]

HIGHEST_NUMBER = 2**32 - 1


class Token(NamedTuple):
    """A word of the text, characters [start, end).

    `kind` is name, quoted (a name in backticks), string, number, ip, op, or bad: already reported.
    """

    kind: str
    text: str
    start: int
    end: int


class DocLine(Struct, frozen=True):
    """One `///` line: its text after the slashes and one space, and its place."""

    text: str
    comment: Comment


class Scanned(Struct, frozen=True):
    """A text as words. `docs` are the doc lines by the index of the token that follows them."""

    tokens: list[Token]
    comments: list[Comment]
    docs: dict[int, list[DocLine]]
    diagnostics: Diagnostics


_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_ADDRESS_GOES_ON = re.compile(r":[:0-9]|[./]\d")
_UNQUOTED = re.compile(r"\.[A-Za-z0-9_]")
_LABEL_CHARACTERS = f"{ascii_letters}{digits}._-/"
_MANY = 5
"""After so many unseen characters the text is no policy, and more errors say nothing."""

_WRONG: tuple[tuple[str, str], ...] = (
    ("==", "write `=` to compare a label's value"),
    ("=>", "write `->` between the two sides of a rule"),
    ("<-", "write the client first: `client -> server`"),
    ("→", "write `->` between the two sides of a rule"),
    ("&&", "write `and` between selectors, or a comma between label terms"),
    ("||", "write `or` between selectors, or a comma between the sides of a rule"),
    ("//", "a comment starts with `#`, a doc comment with `///`"),
    (";", "a statement ends where the next one starts; leave the `;` out"),
    ("!", "write `not` before a selector or a label key, `!=` to compare"),
    ("'", 'strings stand between double quotes: `"..."`'),
    ("“", 'strings stand between straight double quotes: `"..."`'),
    ("”", 'strings stand between straight double quotes: `"..."`'),
    ("*", "the peer that means everything is the entity `all`; in a string `*` is a wildcard"),
    ("`", "a name in backticks is `like-this`: letters, digits, `_` and `-`"),
    ("/*", "a comment starts with `#` and ends with its line"),
    ("$", "a constant is written by its bare name"),
)
_HELP = dict(_WRONG)


@lru_cache(maxsize=4096)
def _address_error(literal: str) -> str | None:
    address, slash, length = literal.partition("/")
    try:
        network = ip_interface(literal).network
    except ValueError:
        try:
            ip_interface(address)
        except ValueError:
            return f"`{address}` is not an IP address"
        return f"`{slash}{length}` is not a prefix length of `{address}`"
    if slash and not length.isdecimal():
        return f"`/{length}` is a netmask, not a prefix length: write `/{network.prefixlen}`"
    return None


class Scanner:
    """Cuts texts into words."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        """`patterns` are the regular expressions of the terminals NAME, STRING and IP."""
        plain = "|".join(re.escape(w) for w, _ in _WRONG if w != "/*")
        wrong = rf"'[^'\n]*'|`[^`\n]*`|(?<!\w)/\*|{plain}"
        self._pattern = re.compile(
            r"[ \t\r\n]*(?:"
            r"(?P<doc>///[^\n]*)|(?P<comment>\#[^\n]*)"
            rf"|(?P<string>{patterns['STRING']})"
            rf"|(?P<ip>{patterns['IP']})"
            r"|(?P<badip>[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){2,}(?:/\d+)?(?!\w))"
            rf"|(?P<name>{patterns['NAME']})"
            r"|(?P<number>\d\w*)"
            rf"|(?P<op>->|!=|(?!{wrong})[][{{}}(),:/=~-])"
            rf"|(?P<wrong>{wrong})"
            r'|(?P<open>"(?:[^"\\\n]|\\.)*)'
            r"|(?P<end>\Z)|(?P<other>[\s\S]))",
            re.ASCII,
        )

    def scan(self, source: SourceFile) -> Scanned:
        """The words of a text; errors are diagnostics, and each wrong word is a token `bad`."""
        text = source.text
        result = Scanned([], [], {}, [])
        unseen = _unseen(source)
        if unseen:
            result.diagnostics.extend(unseen)
            return result
        append = result.tokens.append
        position = 1 if text.startswith("\ufeff") else 0
        match = self._pattern.match
        while position < len(text):
            found = match(text, position)
            if found is None or (kind := found.lastgroup) is None or kind == "end":
                break
            start, position = found.span(kind)
            word = text[start:position]
            if kind == "name":
                kind = "quoted" if word[0] == "`" else "name"
                append(make(Token, (kind, word, start, position)))
            elif kind == "op" or (kind == "string" and "\\" not in word):
                append(make(Token, (kind, word, start, position)))
            elif kind in ("doc", "comment"):
                _comment(source, result, kind, start)
            else:
                position = _checked(source, result, kind, start, position)
        return result


def _unseen(source: SourceFile) -> Diagnostics:
    found: Diagnostics = []
    for match in _UNSEEN.finditer(source.text):
        point = f"U+{ord(match.group()):04X}"
        span = source.span(match.start(), match.end())
        help = "remove it; inside a string write it as an escape: `\\u{...}`"
        found.append(error("CPC112", f"unseen character {point} in the text", span, help=help))
        if len(found) == _MANY:
            break
    return found


def _comment(source: SourceFile, result: Scanned, kind: str, start: int) -> None:
    text = source.text
    end = text.find("\n", start)
    word = text[start : end if end >= 0 else len(text)].rstrip()
    own_line = not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t\ufeff")
    comment = Comment(word, source.span(start, start + len(word)), own_line)
    if kind == "comment":
        result.comments.append(comment)
    else:
        line = word[3:].removeprefix(" ")
        result.docs.setdefault(len(result.tokens), []).append(DocLine(line, comment))


def _checked(source: SourceFile, result: Scanned, kind: str, start: int, end: int) -> int:
    """Adds a string, number, address or wrong word; gives the position after it."""
    text, tokens = source.text, result.tokens
    if kind == "ip" and _ADDRESS_GOES_ON.match(text, end):
        kind, end = "badip", _end_of_run(text, end, "0123456789abcdefABCDEF:./")
    elif kind == "other" and _goes_on(text, start, tokens):
        kind, end = "unquoted", _end_of_run(text, end, _LABEL_CHARACTERS)
        start = tokens.pop().start
    elif kind == "other":
        end = _end_of_odd_run(text, start)
    word = text[start:end].rstrip("\r")
    problem = _problem(source, kind, word, start)
    if problem is not None:
        result.diagnostics.append(problem)
    tokens.append(Token("bad" if problem else kind, word, start, end))
    return end


def _goes_on(text: str, start: int, tokens: list[Token]) -> bool:
    """Whether a name just before goes on with a dot, as label keys and file names do."""
    before = tokens[-1] if tokens else None
    adjacent = before is not None and before.kind == "name" and before.end == start
    return adjacent and _UNQUOTED.match(text, start) is not None


def _end_of_run(text: str, end: int, characters: str) -> int:
    while end < len(text) and text[end] in characters:
        end += 1
    return end


def _end_of_odd_run(text: str, start: int) -> int:
    end = start + 1
    while end < len(text) and ord(text[end]) > 127 and text[end] not in _HELP:
        end += 1
    return end


def _problem(source: SourceFile, kind: str, word: str, start: int) -> Diagnostic | None:
    """What is wrong with one word that is no name, comment or sign."""

    def wrong(code: str, message: str, help: str | tuple[str, ...] = ()) -> Diagnostic:
        return error(code, message, source.span(start, start + len(word)), help=help)

    match kind:
        case "string":
            return _string_problem(word, source, start) if "\\" in word else None
        case "number":
            return _number_problem(word, wrong)
        case "ip" | "badip":
            message = _address_error(word)
            help = "write `10.1.0.0/16`, `10.1.2.3`, `2001:db8::/32` or `fd00::10`"
            return None if message is None else wrong("CPC108", message, help)
        case "open":
            help = 'a string ends with `"` on the line where it starts'
            return wrong("CPC102", "the string has no end", help)
        case "unquoted":
            help = f'write `"{word}"`: names are letters, digits, `_` and `-`'
            return wrong("CPC123", f"`{word}` must be quoted", help)
        case "wrong":
            help = _HELP.get(word) or _HELP[word[0]]
            shown = word.strip("`") if 1 < len(word) <= 40 else word[0].replace("`", "a backtick")
            return wrong("CPC113", f"`{shown}` is not part of the language", help)
        case _:
            before = source.text[max(0, start - 8) : start]
            return wrong("CPC101", f"unexpected character `{word[:20]}`", _odd_help(word, before))


def _odd_help(word: str, before: str) -> str | tuple[str, ...]:
    if word == ">" and before.rstrip(" \t").endswith("-"):
        return "write `->`, without a space"
    if word == ">":
        return "write `->` between the two sides of a rule; labels compare with `=`, `!=` and `in`"
    if ord(word[0]) > 127:
        return "names are ASCII letters, digits, `_` and `-`; other letters stand in strings"
    return ()


def _string_problem(word: str, source: SourceFile, start: int) -> Diagnostic | None:
    place = bad_escape(word)
    if place is None:
        return None
    escape = word[place[0] : place[1]]
    span = source.span(start + place[0], start + place[1])
    help = 'escapes are \\" \\\\ \\n \\r \\t \\u{hex}; for the backslash of an expression write two'
    return error("CPC120", f"`{escape}` is not an escape", span, help=help)


def _number_problem(word: str, wrong: Callable[[str, str, str], Diagnostic]) -> Diagnostic | None:
    if word.isdecimal() and len(word) < 10 and (word[0] != "0" or word == "0"):
        return None
    number = word.rstrip("smhd") if len(word) > 1 and word[-2].isdecimal() else word
    shown = word if len(word) <= 24 else word[:20] + "..."
    if not number.isdecimal():
        help = "numbers are decimal; names start with a letter; quote other values"
        return wrong("CPC107", f"`{shown}` is neither a number nor a name", help)
    if len(number) > 1 and number[0] == "0":
        help = "leave the zeros out, or quote it if it is a text"
        return wrong("CPC107", f"`{shown}` starts with a zero", help)
    if len(number) > 10 or int(number) > HIGHEST_NUMBER:
        help = f"the highest number is {HIGHEST_NUMBER}"
        return wrong("CPC107", f"the number `{shown}` is too large", help)
    return None
