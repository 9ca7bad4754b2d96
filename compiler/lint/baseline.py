"""What was found before and is accepted for now: a file that names findings by what they say, not by line.

A finding is known by its file, its code, the names of its policy and rule, and the text of its statement.
Each such key has a count: one more of the same kind is told.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, error
from cpc.compiler.errors import InputError
from cpc.compiler.source import Sources, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.stretches import Script, Written
from cpc.compiler.text import STDIN, read_text
from cpc.compiler.write import write_whole

__all__ = ["SCHEMA", "Baseline", "Key", "Keys", "read_baseline", "write_baseline"]

SCHEMA: Final = "cpc.baseline/1"


class Key(Struct, frozen=True, order=True):
    """`file` is a path from the baseline's folder; `statement` is `policy/rule`; `text` a hash of what is
    written there, white space aside.
    """

    file: str
    code: str
    statement: str
    text: str


class Baseline(Struct, frozen=True):
    """How many findings of each key are accepted."""

    counts: Counter[Key]

    def remaining(
        self, found: Sequence[Diagnostic], keys: "Keys"
    ) -> tuple[list[Diagnostic], Counter[Key]]:
        """The findings beyond those that are accepted, and how many accepted ones are gone."""
        left = Counter(self.counts)
        more = []
        for diagnostic in found:
            key = keys.of(diagnostic)
            if left[key] > 0:
                left[key] -= 1
            else:
                more.append(diagnostic)
        return more, +left


class Keys:
    """The keys of findings in some files, for a baseline in a folder."""

    def __init__(self, files: Sequence[Written], sources: Sources, folder: Path) -> None:
        self._files = {file.name: file for file in files}
        self._sources = sources
        self._folder = folder

    def of(self, diagnostic: Diagnostic) -> Key:
        """The key of one finding."""
        span = diagnostic.span
        if span is None:
            return Key("", diagnostic.code, "", _hash(diagnostic.message))
        inside, whole = self._statement(span)
        return Key(self._path(span.file), diagnostic.code, inside, _hash(self._text(whole)))

    def _statement(self, span: Span) -> tuple[str, Span]:
        """The innermost statement that a place is in, by name and as a whole."""
        file = self._files.get(span.file)
        names: list[str] = []
        part = file.around(span.start) if isinstance(file, Script) else file
        statements: Sequence[tree.Statement] = part.statements if part is not None else ()
        while True:
            inner = next((s for s in statements if _holds(s.span, span)), None)
            if inner is None:
                return "/".join(names), span
            name = getattr(inner, "name", None)
            names.append(name.text if isinstance(name, tree.Name) else "")
            if not isinstance(inner, tree.Policy | tree.Tier):
                return "/".join(names), inner.span
            statements = inner.statements if isinstance(inner, tree.Policy) else inner.rules

    def _text(self, span: Span) -> str:
        source = self._sources.get(span.file)
        return "" if source is None else source.text[span.start : span.end]

    def _path(self, name: str) -> str:
        if name == STDIN:
            return name
        return Path(os.path.relpath(os.path.realpath(name), self._folder)).as_posix()


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start < outer.end


def _hash(text: str) -> str:
    plain = " ".join(text.split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_baseline(path: str) -> Baseline:
    """The baseline of a file; InputError (CPC001-CPC006, CPC086) where it cannot be read."""
    source, problem = read_text(path, path)
    if source is None or problem is not None:
        assert problem is not None
        missing = problem.code == "CPC001"
        help = ("`cpc check --update-baseline` writes it",) if missing else problem.help
        raise InputError(replace(problem, help=help))
    try:
        found = json.loads(source.text)
        if found["schema"] != SCHEMA:
            raise ValueError(f"its schema is `{found['schema']}`, not `{SCHEMA}`")
        return Baseline(Counter(dict(map(_entry, found["findings"]))))
    except (ValueError, TypeError, KeyError, RecursionError) as failure:
        why = str(failure).split(" (", 1)[0] if isinstance(failure, ValueError) else "not its form"
        raise InputError(
            error(
                "CPC086",
                f"`{path}` is no baseline: {why[:1].lower()}{why[1:]}",
                help="`--update-baseline` writes it anew",
            )
        ) from failure


def _entry(entry: dict[str, object]) -> tuple[Key, int]:
    file, code, statement, text = (entry[k] for k in ("file", "code", "statement", "text"))
    count = entry["count"]
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"`{count}` is no count")
    return Key(str(file), str(code), str(statement), str(text)), count


def write_baseline(path: str, found: Sequence[Diagnostic], keys: Keys) -> None:
    """Writes a baseline that accepts exactly these findings; InputError (CPC083)."""
    counts = Counter(map(keys.of, found))
    said = {keys.of(d): d.message for d in reversed(found)}
    entries = [
        {
            "file": key.file,
            "code": key.code,
            "statement": key.statement,
            "text": key.text,
            "count": counts[key],
            "message": said[key],
        }
        for key in sorted(counts)
    ]
    text = json.dumps({"schema": SCHEMA, "findings": entries}, indent=2) + "\n"
    write_whole(path, text.encode())
