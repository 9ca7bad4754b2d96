"""`stale-baseline`: said by `cpc check` when it has compared its findings with the baseline."""

from collections import Counter

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, note
from cpc.compiler.lint.baseline import Key
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE", "stale_baseline"]


def stale_baseline(path: str, gone: Counter[Key]) -> Diagnostic:
    """Says how many of the accepted findings are not there any more."""
    count = gone.total()
    what = "finding is" if count == 1 else "findings are"
    named = sorted(f"{key.code} {key.statement or key.file}".strip() for key in gone)
    shown = ", ".join(named[:5]) + (", ..." if len(named) > 5 else "")
    return note(
        "CPC207",
        f"{count} {what} in the baseline `{path}` and not in the policy any more",
        notes=(f"gone: {shown}",),
        help="`--update-baseline` takes them out, so that they cannot come back unseen",
    )


RULE = Rule(
    Page(
        "CPC207",
        "a baseline accepts what is not there any more",
        "A finding that the baseline accepts was mended. While its entry stays, the same mistake in the "
        "same statement would be accepted again without a word.",
        "cpc check --baseline baseline.json policy.cil",
        "cpc check --baseline baseline.json --update-baseline policy.cil",
        "stale-baseline",
    ),
    Severity.NOTE,
)
