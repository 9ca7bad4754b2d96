"""Policy texts to what a check says of them, for tests."""

from collections.abc import Sequence

from msgspec.structs import replace

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.lint.rule import Material
from cpc.compiler.lint.run import lint
from cpc.compiler.lint.settings import Settings
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from cpc.compiler.verify.asserts import judge
from cpc.compiler.verify.coverage import check_coverage
from cpc.compiler.verify.findings import Finding, FindingKind

__all__ = ["CLEAN", "findings_of", "linted", "material", "said"]

CLEAN = Settings(notes=True)
"""Settings of somebody who wants to hear everything."""


def material(*texts: str, inventory: Inventory | None = None) -> tuple[Material, list[Diagnostic]]:
    """Files 0.cil, 1.cil and so on, which have no errors, and what earlier stages said of them."""
    sources = {
        f"{n}.cil": SourceFile(f"{n}.cil", f"language 1\n{text}\n") for n, text in enumerate(texts)
    }
    read = [parse(source) for source in sources.values()]
    assert [problem for _, problems in read for problem in problems] == []
    files = tuple(file for file, _ in read)
    policy, definitions, problems = resolve(files, {}, inventory)
    assert [d for d in problems if d.severity is Severity.ERROR] == []
    told = [*problems, *check_coverage(policy)]
    judgements = tuple(judge(policy, definitions.asserts))
    found = Material(files, sources, (), inventory, policy, definitions, None, judgements)
    return found, told


def linted(
    *texts: str,
    settings: Settings = CLEAN,
    inventory: Inventory | None = None,
    engine: bool = False,
) -> list[Diagnostic]:
    """Everything that is said of texts, the engine's findings aside if it is not asked."""
    found, told = material(*texts, inventory=inventory)
    if engine:
        found = replace(found, findings=findings_of(found))
    return lint(found, told, settings)


def said(diagnostics: Sequence[Diagnostic]) -> list[tuple[str, int]]:
    """(code, line) of each, where a text's first line is 1; 0: no place."""
    return sorted((d.code, d.span.line - 1 if d.span else 0) for d in diagnostics)


def findings_of(found: Material) -> tuple[Finding, ...]:
    """What the engine finds."""
    from cpc.compiler.verify.engine.findings import find

    return find(found.policy, frozenset(FindingKind))
