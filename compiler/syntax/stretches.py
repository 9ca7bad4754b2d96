"""Texts in stretches of whole lines that are read one by one, so that after an edit only one is read anew.

A stretch starts with a line that begins a statement and is not indented, or with the comments before it.
Where such lines cut a text is a guess: it holds if each stretch reads without a complaint by itself. Then
brackets match inside each, each ends with a whole statement, and the word that starts the next one ends it
in the text as well, which so has the statements of the stretches, in their order.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Diagnostics
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.moved import HERE, Place
from cpc.compiler.syntax.words import STATEMENTS

__all__ = ["FEW", "Laid", "Script", "Stretch", "Stretches", "Written", "cut", "trees"]

_START = re.compile(rf"^(?:{'|'.join(sorted(STATEMENTS))})(?![\w-])", re.MULTILINE)

_Known: TypeAlias = "Mapping[str, Stretch | None]"
_NOTHING: _Known = {}

_UNSAID = "CPC114"
"""The warning that a text does not say which language it is in: a stretch need not."""

_WORD = re.compile(r"[A-Za-z_]\w*(?:-\w+)*", re.ASCII)

FEW = 1000
"""Texts that are kept whether or not they are read again."""

_PLAIN = (tree.Rule, tree.Default, tree.Policy, tree.Tier, tree.Audit)


class Stretch(Struct, frozen=True):
    """What a text says by itself, with spans in a file `HERE`; it neither starts nor ends with a blank line.

    `unsaid` is the warning that it says no language. `plain`: it holds nothing that others could name, and
    nothing that holds for the whole run. `known` are the statements; None: they are read again when they are
    asked for.
    """

    text: str
    known: tuple[tree.Statement, ...] | None
    comments: tuple[tree.Comment, ...]
    language: tree.Number | None
    unsaid: Diagnostic | None
    plain: bool

    @property
    def words(self) -> frozenset[str]:
        """All names that are written in it, and perhaps other words."""
        return frozenset(_WORD.findall(self.text))

    @property
    def statements(self) -> tuple[tree.Statement, ...]:
        """Its statements."""
        return _parsed(self.text)[0].statements if self.known is None else self.known


class Laid(NamedTuple):
    """A stretch, and the characters and lines before it in its file."""

    stretch: Stretch
    start: int
    lines: int

    def place(self, file: str) -> Place:
        """Its place in a file of that name."""
        return Place(file, self.start, self.lines)

    @property
    def end(self) -> int:
        """The characters before what comes behind it."""
        return self.start + len(self.stretch.text)


class Script(Struct, frozen=True):
    """One file of the language as its stretches, in their order; `rest` is its tree without plain ones."""

    name: str
    stretches: tuple[Laid, ...]
    rest: tree.File

    def holding(self, word: str) -> tree.File:
        """The file's tree without the stretches in which a word does not stand."""
        return _tree(self.name, (laid for laid in self.stretches if word in laid.stretch.text))

    def around(self, start: int) -> tree.File:
        """The file's tree without the stretches that do not hold a character."""
        at = bisect_right(self.stretches, start, key=lambda laid: laid.start) - 1
        return _tree(self.name, self.stretches[at : at + 1])


Written: TypeAlias = tree.File | Script
"""A file as it was read: at once or in stretches."""


def trees(files: Iterable[Written]) -> tuple[tree.File, ...]:
    """The trees of files; of a script without its blank lines, which are for the formatter."""
    return tuple(file.holding("") if isinstance(file, Script) else file for file in files)


def _tree(name: str, stretches: Iterable[Laid]) -> tree.File:
    statements: list[tree.Statement] = []
    comments: list[tree.Comment] = []
    language: tree.Number | None = None
    for laid in stretches:
        place = laid.place(name)
        statements += place.tree(laid.stretch.statements)
        comments += place.tree(laid.stretch.comments)
        language = language or place.tree(laid.stretch.language)
    return tree.File(name, language, tuple(statements), tuple(comments), ())


class Stretches(Struct):
    """The stretches of the files that were read last: what they say, by their texts, and where they lay.

    None for texts that say nothing without their neighbours. `read` counts those that had to be read.
    """

    _known: dict[str, Stretch | None] = field(default_factory=dict)
    _scripts: dict[str, tuple[str, Script]] = field(default_factory=dict)
    read: int = 0

    @property
    def size(self) -> int:
        """How many there are in the files."""
        return sum(len(script.stretches) for _, script in self._scripts.values())

    def script(self, source: SourceFile) -> tuple[Script, Diagnostics] | None:
        """A text as its stretches, and warnings about it; None where it can only be read as a whole."""
        laid = self._edited(source) or self._laid(source.text, 0, 0)
        if not laid or any(one.stretch.language is not None for one in laid[1:]):
            return None
        warnings: Diagnostics = []
        first = laid[0].stretch.unsaid
        if first is not None and all(one.stretch.unsaid is not None for one in laid):
            warnings.append(laid[0].place(source.name).tree(first))
        rest = _tree(source.name, (one for one in laid if not one.stretch.plain))
        script = Script(source.name, tuple(laid), rest)
        self._scripts[source.name] = source.text, script
        return script, warnings

    def forget(self, names: Container[str]) -> None:
        """Forgets the files that are not among `names`, and texts that were in none of them lately."""
        self._scripts = {name: it for name, it in self._scripts.items() if name in names}
        laid = [one.stretch for _, script in self._scripts.values() for one in script.stretches]
        if len(self._known) > 2 * len(laid) + FEW:
            self._known = {stretch.text: stretch for stretch in laid}

    def _edited(self, source: SourceFile) -> list[Laid] | None:
        """The stretches of a file that was read before: only those where it changed are looked for, with
        one on either side. None where there are none, or it was not read.
        """
        if source.name not in self._scripts:
            return None
        new = source.text
        old, script = self._scripts[source.name]
        laid = script.stretches
        before = _alike(old, new)
        behind = _alike_behind(old, new, min(len(old), len(new)) - before)
        head = max(0, bisect_right(laid, before, key=lambda one: one.end) - 1)
        start, lines = (laid[head].start, laid[head].lines) if head else (0, 0)
        tail = bisect_left(laid, len(old) - behind, key=lambda one: one.start) + 1
        end = laid[tail].start if tail < len(laid) else len(old)
        middle = new[start : len(new) - (len(old) - end)]
        between = self._laid(middle, start, lines)
        if between is None or tail >= len(laid):
            return between and [*laid[:head], *between]
        right = len(new) - len(old)
        down = lines + middle.count("\n") - laid[tail].lines
        further: Sequence[Laid] = laid[tail:]
        if right or down:
            further = [Laid(stretch, at + right, line + down) for stretch, at, line in further]
        return [*laid[:head], *between, *further]

    def _laid(self, text: str, start: int, lines: int) -> list[Laid] | None:
        """The stretches of a text that lies behind so many characters and lines."""
        laid: list[Laid] = []
        for part in cut(text, self._known):
            said = part.strip("\n")
            if said not in self._known:
                self._known[said] = _read(said)
                self.read += 1
            stretch = self._known[said]
            if stretch is None:
                return None
            blank = len(part) - len(part.lstrip("\n"))
            laid.append(Laid(stretch, start + blank, lines + blank))
            start += len(part)
            lines += part.count("\n")
        return laid


def _alike(one: str, other: str) -> int:
    """With how many characters both texts begin."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _alike_behind(one: str, other: str, most: int) -> int:
    """With how many characters both texts end, of `most`."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        ends = (text[len(text) - middle : len(text) - low] for text in (one, other))
        if next(ends) == next(ends):
            low = middle
        else:
            high = middle - 1
    return low


def _parsed(text: str) -> tuple[tree.File, Diagnostics]:
    from cpc.compiler.syntax.parse import parse  # takes a while, and is rarely needed

    return parse(SourceFile(HERE, text))


def _read(text: str) -> Stretch | None:
    file, problems = _parsed(text)
    unsaid = next((problem for problem in problems if problem.code == _UNSAID), None)
    if len(problems) > (unsaid is not None) or not file.statements and file.language is None:
        return None
    return Stretch(
        text,
        file.statements,
        file.comments,
        file.language,
        unsaid,
        bool(file.statements) and all(isinstance(s, _PLAIN) for s in file.statements),
    )


def cut(text: str, known: "_Known" = _NOTHING) -> Iterator[str]:
    """The stretches of a text, which together are the text; brackets of those that could be read match."""
    starts = (_with_comments(text, match.start()) for match in _START.finditer(text))
    begin = depth = 0
    for start, end in pairwise(dict.fromkeys((0, *starts, len(text)))):
        part = text[start:end]
        if depth == 0 and known.get(part.strip("\n")) is not None:
            yield part
            begin = end
            continue
        depth += part.count("{") + part.count("[") + part.count("(")
        depth -= part.count("}") + part.count("]") + part.count(")")
        if depth == 0:
            yield part if start == begin else text[begin:end]
            begin = end
    if begin < len(text):
        yield text[begin:]


def _with_comments(text: str, start: int) -> int:
    """Where the blank lines and comments before a line start."""
    while start:
        before = text.rfind("\n", 0, start - 1) + 1
        if text[before].isalpha():
            return start
        line = text[before : start - 1].lstrip()
        if line and not line.startswith(("#", "///")):
            return start
        start = before
    return 0
