"""Exit codes: which diagnostic means which, and which of several wins."""

from itertools import permutations

import pytest

from cpc.compiler.commands.exits import Exit, exit_at, exit_of, worst
from cpc.compiler.diagnostics import Diagnostic, Severity, error, note, warning

INPUT = error("CPC301", "m")
SHADOWED = error("CPC222", "m")
UNUSED = warning("CPC202", "m")
CORRELATION = note("CPC227", "m")
UNKNOWN = warning("CPC229", "m")
FORGOTTEN = error("CPC712", "m")


@pytest.mark.parametrize(
    ("found", "at_error", "at_warning", "at_note"),
    [
        ([], 0, 0, 0),
        ([CORRELATION], 0, 0, 1),
        ([UNUSED], 0, 1, 1),
        ([SHADOWED], 1, 1, 1),
        ([UNKNOWN], 3, 3, 3),
        ([UNKNOWN, SHADOWED], 3, 3, 3),
        ([INPUT, UNKNOWN, SHADOWED], 2, 2, 2),
        ([FORGOTTEN], 1, 1, 1),
    ],
)
def test_levels(found: list[Diagnostic], at_error: int, at_warning: int, at_note: int) -> None:
    codes = [exit_at(level, found, {"CPC712"}) for level in Severity]
    assert codes == [at_error, at_warning, at_note]


def test_other_commands_go_on_after_warnings() -> None:
    assert exit_of([UNUSED], strict=False) == Exit.CLEAN
    assert exit_of([UNUSED], strict=True) == Exit.FINDINGS
    assert exit_of([FORGOTTEN], strict=False) == Exit.INPUT


def test_which_code_wins() -> None:
    for few in permutations((4, 2, 3, 1, 0), 3):
        assert worst(few) == next(code for code in (4, 2, 3, 1, 0) if code in few)
    assert worst([]) == Exit.CLEAN
