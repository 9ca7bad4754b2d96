"""`refuted-assert`: an assert that does not hold."""

from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.lint.judged import assert_rule

__all__ = ["RULE"]

RULE = assert_rule(
    Page(
        "CPC260",
        "an assert does not hold",
        "An `assert` is about every connection that there can be, whatever endpoints there will be. The "
        "witness is one for which it fails: a connection that must not be allowed and is, or must be and is "
        "not. The statements that decide it are shown, of both ends. A connection is allowed if the egress "
        "of its source and the ingress of its destination allow it; an end that nobody manages has no say. "
        "`cpc compile` takes no policy with such an assert.",
        'endpoints db = { app = "db" }\ndefault deny ingress for db\n'
        "allow world -> db tcp/5432\nassert never world -> db",
        'endpoints db = { app = "db" }\ndefault deny ingress for db\nassert never world -> db',
        "refuted-assert",
    ),
    Severity.ERROR,
)
