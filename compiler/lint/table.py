"""The table of rules in `docs/lint.md`: `python -m cpc.compiler.lint.table docs/lint.md` writes it anew."""

import sys
from pathlib import Path

from cpc.compiler.lint.rules import RULES

__all__ = ["table", "with_table"]

_BEGIN = "<!-- rules: written by `make generated` -->\n"
_END = "<!-- end of rules -->\n"


def table() -> str:
    """One row for each rule, by code."""
    rows = [
        f"| `{rule.name}` | {rule.code} | {rule.severity} | {rule.page.title} |" for rule in RULES
    ]
    return "\n".join(["| Rule | Code | Severity | Says |", "|---|---|---|---|", *rows]) + "\n"


def with_table(text: str) -> str:
    """A document with the table between its two marks."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert begin and end, "the document lacks the marks of the table"
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(with_table(document.read_text(encoding="utf-8")), encoding="utf-8")
