"""`malformed-ignore`: said by `lint.run`, which reads the comments."""

from collections.abc import Iterable, Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, suggest, warning
from cpc.compiler.lint.ignores import Ignore
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE", "malformed_ignores"]

_FORM = "write `# cpc: ignore[CODE] reason`"


def malformed_ignores(comments: Iterable[Ignore], known: Iterable[str]) -> Iterator[Diagnostic]:
    """Speaks of a comment that is meant for cpc and has another form, no reason, or a word that is not
    `known` (codes and names of rules).
    """
    words = set(known)
    for comment in comments:
        if not comment.understood:
            yield warning("CPC206", "this comment ignores nothing", comment.span, help=_FORM)
            continue
        for word in comment.words:
            if word.text not in words and word.text.upper() not in words:
                guess = suggest(word.text, words)
                help = f"did you mean `{guess}`?" if guess else "`cpc explain` lists the codes"
                yield warning("CPC206", f"no rule is called `{word.text}`", word.span, help=help)
        if not comment.reason:
            yield warning("CPC206", "this ignore gives no reason", comment.span, help=_FORM)


RULE = Rule(
    Page(
        "CPC206",
        "an ignore is not written as it should be",
        "`# cpc: ignore[CODE, name] reason` silences rules for one statement, and says why. Whoever reads "
        "the policy later must be able to tell whether the reason still holds, so there must be one; and a "
        "comment without brackets, or with a name that no rule has, silences nothing.",
        'endpoints web = { app = "web" }  # cpc: ignore[unused-definition]\n'
        "default deny ingress for all",
        'endpoints web = { app = "web" }  # cpc: ignore[unused-definition] the next release needs it\n'
        "default deny ingress for all",
        "malformed-ignore",
    ),
    Severity.WARNING,
)
