"""Diagnostics as SARIF 2.1.0, for code scanning (OASIS, Static Analysis Results Interchange Format)."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.report.places import facts, fingerprints, path_of, region
from cpc.compiler.source import Sources, Span

__all__ = ["sarif"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_Object = dict[str, Any]


def sarif(found: Sequence[Diagnostic], sources: Sources, pages: Mapping[str, Page]) -> str:
    """One run with a result for each diagnostic; `pages` are those of the codes, where they are known."""
    codes = sorted({diagnostic.code for diagnostic in found})
    rules = [_rule(code, pages.get(code)) for code in codes]
    names = fingerprints(found, sources)
    results = [
        _result(diagnostic, sources, codes.index(diagnostic.code), name)
        for diagnostic, name in zip(found, names, strict=True)
    ]
    driver = {"name": "cpc", "version": version("cpc"), "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str, page: Page | None) -> _Object:
    if page is None:
        return {"id": code}
    rule: _Object = {
        "id": code,
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.why},
        "help": {"text": _help(page)},
    }
    if page.name:
        rule["name"] = page.name
    return rule


def _help(page: Page) -> str:
    parts = [page.why]
    if page.bad:
        parts.append(f"Instead of\n\n{page.bad}")
    if page.good:
        parts.append(f"Write\n\n{page.good}")
    return "\n\n".join(parts)


def _result(diagnostic: Diagnostic, sources: Sources, rule: int, name: str) -> _Object:
    result: _Object = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": str(diagnostic.severity),
        "message": {"text": "\n".join(facts(diagnostic))},
        "partialFingerprints": {"cpc/v1": name},
    }
    if diagnostic.span is not None:
        result["locations"] = [_location(diagnostic.span, sources)]
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"id": n, "message": {"text": label.message}} | _location(label.span, sources)
            for n, label in enumerate(diagnostic.labels, 1)
        ]
    return result


def _location(span: Span, sources: Sources) -> _Object:
    at = region(span, sources)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(path_of(span, sources))},
            "region": {
                "startLine": at.line,
                "startColumn": at.column,
                "endLine": at.end_line,
                "endColumn": at.end_column,
            },
        }
    }
