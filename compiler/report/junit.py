"""Diagnostics as JUnit XML: each is a test that failed, and each file without one a test that passed."""

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.report.places import facts, path_of
from cpc.compiler.source import Sources

__all__ = ["junit"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def junit(found: Sequence[Diagnostic], sources: Sources, fail_level: Severity) -> str:
    """One suite; only what is at or above the level counts as failed."""
    cases = [_case(diagnostic, sources, fail_level) for diagnostic in found]
    touched = {path_of(d.span, sources) for d in found if d.span is not None}
    files = [path_of(source.span(0, 0), sources) for source in sources.values()]
    cases += [f"  <testcase{_named(file, file)}/>" for file in files if file not in touched]
    failures = sum(_fails(diagnostic.severity, fail_level) for diagnostic in found)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuites {counts}>",
            f'<testsuite name="cpc" {counts}>',
            *cases,
            "</testsuite>",
            "</testsuites>",
        ]
    )


def _fails(severity: Severity, fail_level: Severity) -> bool:
    order = list(Severity)
    return order.index(severity) <= order.index(fail_level)


def _case(diagnostic: Diagnostic, sources: Sources, fail_level: Severity) -> str:
    span = diagnostic.span
    file = path_of(span, sources)
    place = f"{file}:{span.line}:{span.column}" if span is not None else file
    opening = f"  <testcase{_named(file, f'{diagnostic.code} {place}')}>"
    text = escape(_clean("\n".join((place, *facts(diagnostic)))))
    if _fails(diagnostic.severity, fail_level):
        said = quoteattr(_clean(diagnostic.message))
        kind = quoteattr(f"{diagnostic.severity} {diagnostic.code}")
        inner = f"    <failure type={kind} message={said}>{text}</failure>"
    else:
        inner = f"    <system-out>{text}</system-out>"
    return f"{opening}\n{inner}\n  </testcase>"


def _named(file: str, name: str) -> str:
    return f" classname={quoteattr(_clean(file))} name={quoteattr(_clean(name))}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
