"""Rules about asserts: each tells one of the ways in which an assert may fail."""

from collections.abc import Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.lint.rule import Material, Rule

__all__ = ["assert_rule"]


def assert_rule(page: Page, severity: Severity) -> Rule:
    """The rule that tells what `verify.assert_text` says under the page's code."""

    def check(material: Material) -> Iterator[Diagnostic]:
        if not material.judgements:
            return
        from cpc.compiler.verify.assert_text import judgement_diagnostic

        for judgement in material.judgements:
            said = judgement_diagnostic(judgement)
            if said is not None and said.code == page.code:
                yield said

    return Rule(page, severity, check)
