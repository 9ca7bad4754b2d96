"""`cpc.toml`: what a project says about its checks, found upwards from the current folder.

[check]
select = ["all"]
ignore = ["correlation", "CPC7"]
fail-level = "warning"
notes = true
baseline = "cpc-baseline.json"

[check.severity]
redundant-rule = "error"
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from cpc.compiler.diagnostics import Diagnostic, Severity, error, suggest
from cpc.compiler.errors import InputError
from cpc.compiler.lint.pages import PAGES
from cpc.compiler.lint.rules import RULES
from cpc.compiler.lint.selection import Selection, unknown_word
from cpc.compiler.source import SourceFile, Sources, Span
from cpc.compiler.text import read_text

__all__ = ["FILE_NAME", "Settings", "find_settings", "read_settings"]

FILE_NAME = "cpc.toml"

_KEYS = ("select", "ignore", "fail-level", "baseline", "notes", "severity")


class Settings(Struct, frozen=True):
    """What the checks obey. `severities` are by code; `baseline` is a path from the current folder.

    `notes`: notes about how rules hang together are said too; they are, whatever it says, of rules that
    were selected by name or code, and where notes are to fail.
    """

    selection: Selection = field(default_factory=Selection)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    fail_level: Severity = Severity.WARNING
    baseline: str | None = None
    notes: bool = False

    def says_notes_of(self, code: str) -> bool:
        """Whether notes of a rule about how rules hang together are said."""
        return self.notes or self.fail_level is Severity.NOTE or self.selection.names(code)


def find_settings(folder: Path) -> Path | None:
    """The nearest `cpc.toml` in a folder or one of those around it."""
    places = (place / FILE_NAME for place in (folder, *folder.parents))
    return next((place for place in places if place.is_file()), None)


def read_settings(path: Path, sources: Sources) -> Settings:
    """The settings of one file; InputError (CPC085) with all that is wrong, the text then in `sources`."""
    source, problem = read_text(str(path), path.name)
    if source is None or (problem is not None and problem.code != "CPC005"):  # empty is fine
        raise InputError(*([problem] if problem is not None else []))
    try:
        return _Reader(source, path.parent, []).settings(tomllib.loads(source.text))
    except (tomllib.TOMLDecodeError, RecursionError) as failure:
        sources[path.name] = source
        deep = isinstance(failure, RecursionError)
        said = "it is nested too deeply" if deep else str(failure)
        raise InputError(_syntax(source, said)) from failure
    except InputError:
        sources[path.name] = source
        raise


def _syntax(source: SourceFile, said: str) -> Diagnostic:
    """What TOML's parser objects to, at its place."""
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    message = said if place is None else said[: place.start()]
    span = source.span(len(source.text), len(source.text))
    if place is not None and place[1] is not None:
        before = sum(len(source.line(n)) + 1 for n in range(1, int(place[1])))
        span = source.span(before + int(place[2]) - 1, before + int(place[2]))
    return error(
        "CPC085",
        f"`{source.name}` is not TOML: {message[:1].lower()}{message[1:]}",
        span,
        help="`docs/lint.md` shows such a file",
    )


class _Reader(Struct):
    """Reads tables; what is wrong is collected, and raised together."""

    source: SourceFile
    folder: Path
    problems: list[Diagnostic]

    def settings(self, found: Mapping[str, object]) -> Settings:
        """The whole file."""
        for key in found.keys() - {"check"}:
            self._unknown(key, ("check",), "a table")
        check = self._table(found.get("check", {}), "check")
        for key in check.keys() - set(_KEYS):
            self._unknown(key, _KEYS, "a setting")
        settings = Settings(
            Selection(
                tuple(self._words(check, "select")) if "select" in check else Selection().select,
                tuple(self._words(check, "ignore")),
            ),
            dict(self._severities(check)),
            self._severity("fail-level", check.get("fail-level", "warning")),
            self._baseline(check),
            self._notes(check),
        )
        if self.problems:
            raise InputError(*sorted(self.problems, key=lambda d: d.span.start if d.span else 0))
        return settings

    def _notes(self, check: Mapping[str, object]) -> bool:
        value = check.get("notes", False)
        if not isinstance(value, bool):
            self._wrong("notes", "`notes` is true or false", "write `notes = true`")
            return False
        return value

    def _words(self, check: Mapping[str, object], key: str) -> Iterator[str]:
        words = check.get(key, [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            self._wrong(key, f"`{key}` is a list of codes and names", 'as in `["CPC2"]`')
            return
        for word in words:
            help = unknown_word(word)
            if help is None:
                yield word
            else:
                self._wrong(word or key, f"no rule or code is called `{word}`", help)

    def _severities(self, check: Mapping[str, object]) -> Iterator[tuple[str, Severity]]:
        by_name = {word: rule.code for rule in RULES for word in (rule.name, rule.code)}
        for word, value in self._table(check.get("severity", {}), "severity").items():
            code = by_name.get(word)
            if code is None:
                help = unknown_word(word) or f"`{word}` is no rule of its own"
                if word in PAGES:
                    help = "only a rule of `cpc check` has a severity to choose"
                self._wrong(word, f"no rule is called `{word}`", help)
            else:
                yield code, self._severity(word, value)

    def _severity(self, key: str, value: object) -> Severity:
        if isinstance(value, str) and value in list(Severity):
            return Severity(value)
        guess = suggest(value, [str(s) for s in Severity]) if isinstance(value, str) else None
        help = f"did you mean `{guess}`?" if guess else "write `error`, `warning` or `note`"
        self._wrong(key, f"`{value}` is no severity", help)
        return Severity.WARNING

    def _baseline(self, check: Mapping[str, object]) -> str | None:
        path = check.get("baseline")
        if path is None:
            return None
        if not isinstance(path, str) or not path:
            self._wrong("baseline", "`baseline` is the path of a file", "write it in quotes")
            return None
        return str(self.folder / path)

    def _table(self, value: object, name: str) -> Mapping[str, object]:
        if isinstance(value, dict):
            return value
        self._wrong(name, f"`{name}` is a table", f"write `[{name}]` on a line of its own")
        return {}

    def _unknown(self, key: str, known: tuple[str, ...], what: str) -> None:
        guess = suggest(key, known)
        names = ", ".join(f"`{name}`" for name in known)
        help = f"did you mean `{guess}`?" if guess else f"there are {names}"
        self._wrong(key, f"`{key}` is not {what} of cpc", help)

    def _wrong(self, word: str, message: str, help: str) -> None:
        self.problems.append(error("CPC085", message, self._place(word), help=help))

    def _place(self, word: str) -> Span:
        """Where a word stands; TOML's parser does not tell, so it is the first such word."""
        found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", self.source.text)
        return self.source.span(*found.span()) if found else self.source.span(0, 0)
