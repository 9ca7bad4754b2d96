"""Pages of CPC263 and on: what `cpc verify` says beside the rules of a check."""

from cpc.compiler.codes.page import Page

__all__ = ["VERIFY"]

VERIFY: tuple[Page, ...] = (
    Page(
        "CPC263",
        "a rule has no certificate",
        "`cpc verify --certify` proves again with the solver z3, rule for rule, that it has the findings that "
        "`cpc check` tells and no others: dead, shadowed, repeating others, redundant. Of this rule there is "
        "no such proof, for the reason that is given: the solver gave up in its time, or the rule meets "
        "request parts, which are decided by automata of cpc's own alone. The run ends with 3.",
        "",
        "",
    ),
)
