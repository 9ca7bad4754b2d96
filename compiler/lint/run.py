"""A policy's material to what is said about it: the rules that were selected, silenced where comments say so."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.lint.ignores import Ignore, ignores, silenced
from cpc.compiler.lint.pages import PAGES
from cpc.compiler.lint.rule import Material
from cpc.compiler.lint.rules import RULES, refuted_assert, undecided_assert, vacuous_assert
from cpc.compiler.lint.rules.malformed_ignore import malformed_ignores
from cpc.compiler.lint.rules.unused_ignore import unused_ignores
from cpc.compiler.lint.settings import Settings
from cpc.compiler.lint.told import halves_of
from cpc.compiler.source import Sources
from cpc.compiler.syntax.stretches import Written
from cpc.compiler.verify.findings import OVERLAPS, FindingKind

__all__ = [
    "RULE_CODES",
    "asserts_wanted",
    "is_input_error",
    "kept",
    "kinds_wanted",
    "lint",
    "lint_errors",
]

RULE_CODES = frozenset(rule.code for rule in RULES)
"""Codes of rules: their errors are findings about a policy, never bad input."""

_NAMES = {code: page.name for code, page in PAGES.items() if page.name}
_CODES = {name: code for code, name in _NAMES.items()}


def is_input_error(diagnostic: Diagnostic) -> bool:
    """Whether a diagnostic says that the input is bad: it is never silenced, by nothing."""
    return diagnostic.severity is Severity.ERROR and diagnostic.code not in RULE_CODES


_ON_REQUEST = OVERLAPS | {FindingKind.HALF_OPEN}
"""Kinds that are notes and take time: looked for where somebody hears them."""


def kinds_wanted(settings: Settings) -> frozenset[FindingKind]:
    """What the engine is to look for; nothing: it need not be asked."""
    taken = [k for k in FindingKind if settings.selection.takes(_CODES[k.value])]
    return frozenset(k for k in taken if k not in _ON_REQUEST or _said(_CODES[k.value], settings))


def _said(code: str, settings: Settings) -> bool:
    """Whether a rule says what it has to say as a note, or more than one."""
    severity = settings.severities.get(code, Severity.NOTE)
    return severity is not Severity.NOTE or settings.says_notes_of(code)


def _unheard(settings: Settings) -> frozenset[FindingKind]:
    """Kinds of which no note is said."""
    return frozenset(kind for kind in FindingKind if not _said(_CODES[kind.value], settings))


_OF_KINDS = frozenset(_CODES[kind.value] for kind in FindingKind)


def _quiet(diagnostic: Diagnostic, settings: Settings) -> bool:
    """Whether it is a note about how rules hang together that nobody asked for."""
    note = diagnostic.severity is Severity.NOTE and diagnostic.code in _OF_KINDS
    return note and not settings.says_notes_of(diagnostic.code)


_ASSERTS = (refuted_assert.RULE, undecided_assert.RULE, vacuous_assert.RULE)


def asserts_wanted(settings: Settings) -> bool:
    """Whether something is to be said about asserts; else they need not be proved."""
    return any(settings.selection.takes(rule.code) for rule in _ASSERTS)


def lint(material: Material, told: Iterable[Diagnostic], settings: Settings) -> list[Diagnostic]:
    """Everything to say about a policy without errors: `told` by earlier stages, and by the rules."""
    comments = list(ignores(material.files, material.sources))
    unheard = frozenset() if comments else _unheard(settings)  # of use where they silence a note
    material = replace(material, unheard=unheard)
    found = [*kept(told, settings), *kept(_spoken(material, settings), settings)]
    left = [d for d in _silenced(found, comments) if not _quiet(d, settings)]
    codes = set(filter(settings.selection.takes, PAGES))
    if material.findings is None:
        codes -= _OF_KINDS
    codes -= {_CODES[kind.value] for kind in _ON_REQUEST - kinds_wanted(settings)}
    if material.judgements is None:
        codes -= {rule.code for rule in _ASSERTS}
    spoke = codes | {_NAMES[code] for code in codes if code in _NAMES}
    malformed = malformed_ignores(comments, [*PAGES, *_NAMES.values()])
    return [*left, *kept([*malformed, *unused_ignores(comments, spoke)], settings)]


def lint_errors(
    files: Iterable[Written], sources: Sources, told: Iterable[Diagnostic], settings: Settings
) -> list[Diagnostic]:
    """What is left to say where errors ended the road: no rule can speak then."""
    return _silenced(list(kept(told, settings)), list(ignores(files, sources)))


def _spoken(material: Material, settings: Settings) -> Iterator[Diagnostic]:
    wanted = kinds_wanted(settings)
    found = tuple(f for f in material.findings or () if f.kind in wanted)
    halves = halves_of(found, material.policy) if found else {}
    heard = replace(material, findings=found, halves=halves)
    for rule in RULES:
        if rule.check is not None and settings.selection.takes(rule.code):
            yield from rule.check(heard)


def kept(found: Iterable[Diagnostic], settings: Settings) -> Iterator[Diagnostic]:
    """What was selected, with the severity that was chosen for it."""
    for diagnostic in found:
        if is_input_error(diagnostic):
            yield diagnostic
        elif settings.selection.takes(diagnostic.code):
            severity = settings.severities.get(diagnostic.code, diagnostic.severity)
            same = severity is diagnostic.severity
            yield diagnostic if same else replace(diagnostic, severity=severity)


def _silenced(found: Sequence[Diagnostic], comments: Sequence[Ignore]) -> list[Diagnostic]:
    errors = [d for d in found if is_input_error(d)]
    return errors + silenced([d for d in found if not is_input_error(d)], comments, _NAMES)
