"""Comments that silence findings: `# cpc: ignore[CODE, name] reason`, behind a statement or on the line before.

Such a comment is about one statement. Before or behind the opening line of a block it is about the block
itself, never about the statements inside.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.source import SourceFile, Sources, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.stretches import Script, Written

__all__ = ["Ignore", "Word", "ignores", "silenced"]

_MEANT = re.compile(r"#+\s*cpc:\s*(\w+\s*\[|ignore\b)")
"""A comment that is meant for cpc, whatever became of it."""

_WHOLE = re.compile(r"#+\s*cpc:\s*ignore\s*\[([^\]]*)\]\s*:?\s*(.*)")


class Word(Struct, frozen=True):
    """A code or a rule's name in an ignore, and where it stands."""

    text: str
    span: Span


class Ignore(Struct):
    """One comment. `understood`: it has the form; `reason` may still be missing.

    `reach` are the stretches of its file in which a finding begins that it is about. `used` are the words
    that silenced something.
    """

    span: Span
    understood: bool
    words: tuple[Word, ...] = ()
    reason: str = ""
    reach: tuple[tuple[int, int], ...] = ()
    used: set[str] = field(default_factory=set)

    def covers(self, span: Span) -> bool:
        """Whether a finding at a place is of the statement that the comment is about."""
        return span.file == self.span.file and any(a <= span.start < b for a, b in self.reach)


def ignores(files: Iterable[Written], sources: Sources) -> Iterator[Ignore]:
    """Every such comment of every file, in order; JSON has no comments."""
    for file in files:
        source = sources.get(file.name)
        if source is None or "cpc:" not in source.text or file.name.lower().endswith(".json"):
            continue
        found: Sequence[tree.Comment]
        statements: list[tuple[int, int]] | None = None
        if isinstance(file, tree.File) and _is_imported(file):
            from cpc.compiler.imports.comments import comments

            found = comments(source)
        else:
            part = file.holding("cpc:") if isinstance(file, Script) else file
            found = part.comments
            statements = sorted(_statements(part, source.text))
        for comment in found:
            if _MEANT.match(comment.text):
                yield _ignore(comment, source, statements)


def silenced(
    found: Iterable[Diagnostic], comments: Sequence[Ignore], names: dict[str, str]
) -> list[Diagnostic]:
    """What is left of the diagnostics; notes in each comment which of its words were of use.

    `names` are those of the rules by code.
    """
    if not comments:
        return list(found)
    index = _Index(comments)
    left = []
    for diagnostic in found:
        called = {diagnostic.code, names.get(diagnostic.code, "")}
        hits = [
            (comment, word.text)
            for comment in index.about(diagnostic.span)
            for word in comment.words
            if word.text in called or word.text.upper() in called
        ]
        for comment, text in hits:
            comment.used.add(text)
        if not hits:
            left.append(diagnostic)
    return left


class _Index:
    """Comments by where their stretches begin; stretches of one file are equal or apart."""

    def __init__(self, comments: Sequence[Ignore]) -> None:
        self._at: dict[str, dict[int, list[Ignore]]] = {}
        for comment in comments:
            for begin, _ in comment.reach:
                self._at.setdefault(comment.span.file, {}).setdefault(begin, []).append(comment)
        self._begins = {file: sorted(at) for file, at in self._at.items()}

    def about(self, span: Span | None) -> list[Ignore]:
        """The comments that cover a place."""
        begins = self._begins.get(span.file) if span is not None else None
        if span is None or not begins:
            return []
        nearest = begins[max(0, bisect_right(begins, span.start) - 1)]
        return [c for c in self._at[span.file][nearest] if c.covers(span)]


def _is_imported(file: tree.File) -> bool:
    """Whether a tree was made of another system's objects: nobody wrote its `language`."""
    return file.language is not None and file.language.span.start == file.language.span.end


def _ignore(
    comment: tree.Comment, source: SourceFile, statements: Sequence[tuple[int, int]] | None
) -> Ignore:
    match = _WHOLE.fullmatch(comment.text)
    if match is None:
        return Ignore(comment.span, understood=False)
    words = []
    at = comment.span.start + match.start(1)
    for part in match[1].split(","):
        start = at + len(part) - len(part.lstrip())
        if part.strip():
            words.append(Word(part.strip(), source.span(start, start + len(part.strip()))))
        at += len(part) + 1
    reach = _reach(comment, source.text, statements)
    return Ignore(comment.span, bool(words), tuple(words), match[2].strip(), reach)


def _reach(
    comment: tree.Comment, text: str, statements: Sequence[tuple[int, int]] | None
) -> tuple[tuple[int, int], ...]:
    """The statements that a comment is about; in YAML, where there are none (None), a line."""
    at = comment.span.start
    around = _near(statements or (), at, at + 1)
    if comment.own_line and around:
        return tuple(around)
    begin = _next_line(text, at) if comment.own_line else text.rfind("\n", 0, at) + 1
    end = text.find("\n", begin)
    end = len(text) if end < 0 else end
    if statements is None:
        return ((begin, end + 1),)
    here = _near(statements, begin, end)
    return tuple(s for s in here if s[0] >= begin) if comment.own_line else tuple(here)


def _near(statements: Sequence[tuple[int, int]], begin: int, end: int) -> list[tuple[int, int]]:
    """The statements that reach into [begin, end): they are sorted and do not overlap."""
    first = max(0, bisect_right(statements, (begin, begin)) - 1)
    last = bisect_right(statements, (end, 0))
    return [s for s in statements[first:last] if s[0] < end and s[1] > begin]


def _next_line(text: str, at: int) -> int:
    """Where the line begins, after the one that holds `at`, that has something else than comments."""
    begin = text.find("\n", at) + 1
    while begin:
        end = text.find("\n", begin)
        line = text[begin : end if end >= 0 else len(text)].strip()
        if line and not line.startswith(("#", "///")):
            return begin
        begin = end + 1
    return len(text)


def _statements(file: tree.File, text: str) -> Iterator[tuple[int, int]]:
    """The stretch of each statement; of a block what stands up to its opening brace."""
    for statement in file.statements:
        span = statement.span
        if isinstance(statement, tree.Policy):
            named = statement.namespace or statement.name
            yield span.start, text.index("{", named.span.end) + 1
            yield from ((one.span.start, one.span.end) for one in statement.statements)
        elif isinstance(statement, tree.Tier):
            yield span.start, text.index("{", statement.priority.span.end) + 1
            yield from ((rule.span.start, rule.span.end) for rule in statement.rules)
        else:
            yield span.start, span.end
