"""Diagnostics as a code quality report of GitLab (a subset of Code Climate's format)."""

import json
from collections.abc import Sequence

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.report.places import facts, fingerprints, path_of, region
from cpc.compiler.source import Sources

__all__ = ["gitlab"]

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def gitlab(found: Sequence[Diagnostic], sources: Sources) -> str:
    """One entry for each; what is about no place stands at the first line of the first file."""
    entries = []
    for diagnostic, name in zip(found, fingerprints(found, sources), strict=True):
        lines = {"begin": 1}
        if diagnostic.span is not None:
            at = region(diagnostic.span, sources)
            lines = {"begin": at.line, "end": at.end_line}
        entries.append(
            {
                "description": diagnostic.message,
                "content": {"body": "\n".join(facts(diagnostic))},
                "check_name": diagnostic.code,
                "fingerprint": name,
                "severity": _SEVERITIES[diagnostic.severity],
                "location": {"path": path_of(diagnostic.span, sources), "lines": lines},
            }
        )
    return json.dumps(entries, indent=2)
