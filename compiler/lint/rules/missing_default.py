"""`missing-default`: said by `verify.coverage`, since such a policy is not compiled either."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.rule import Rule

__all__ = ["RULE"]

RULE = Rule(
    Page(
        "CPC201",
        "no default covers a rule's endpoints",
        "A rule says what is allowed or denied, never what happens to everything else: endpoints are "
        "open until a `default deny` isolates them. A rule about endpoints that no `default` statement "
        "covers is most likely a `default deny` forgotten, and then an allow rule changes nothing. So "
        "the endpoints that a rule is enforced at must be named by `default deny` or `default allow` "
        "statements of the same direction, in any file of the run. The witness is an endpoint that "
        "the rule is about and no `default` names.",
        'endpoints web = { app = "web" }\nallow web -> world tcp/443',
        'endpoints web = { app = "web" }\ndefault deny egress for web\nallow web -> world tcp/443',
        "missing-default",
    ),
    Severity.ERROR,
)
