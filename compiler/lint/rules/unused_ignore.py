"""`unused-ignore`: said when all findings are known, by `lint.run`."""

from collections.abc import Iterable, Iterator

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostic, Severity, warning
from cpc.compiler.lint.ignores import Ignore
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE", "unused_ignores"]


def unused_ignores(comments: Iterable[Ignore], spoke: Iterable[str]) -> Iterator[Diagnostic]:
    """Speaks of each word of a comment that silenced nothing, though its rule is among those that `spoke`
    (their codes and names).
    """
    heard = set(spoke)
    for comment in comments:
        for word in comment.words:
            known = word.text in heard or word.text.upper() in heard
            if known and word.text not in comment.used:
                yield warning(
                    "CPC205",
                    f"there is no `{word.text}` to ignore here",
                    word.span,
                    label="of the statement that this comment is about",
                    help="remove it from the comment",
                )


RULE = Rule(
    Page(
        "CPC205",
        "an ignore silences nothing",
        "The comment names a rule that has nothing to say about its statement: behind the statement, or "
        "about the one that starts on the next line. What it silenced is mended, or the comment does not "
        "stand where it should. Left there, it would hide the next such finding.",
        'endpoints web = { app = "web" }  # cpc: ignore[unused-definition] for later\n'
        "default deny ingress for web",
        'endpoints web = { app = "web" }\ndefault deny ingress for web',
        "unused-ignore",
    ),
    Severity.WARNING,
)
