"""Each syntax page's bad example gets its code and no other error, and its good one is right."""

import pytest

from cpc.compiler.codes.page import Page
from cpc.compiler.codes.syntax import SYNTAX
from cpc.compiler.diagnostics import Diagnostics
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse

WHOLE_FILES = {"CPC114", "CPC115"}
"""Pages whose examples are about the first statement of a file."""


def _found(page: Page, text: str) -> Diagnostics:
    start = "" if page.code in WHOLE_FILES else "language 1\n"
    return parse(SourceFile("page.cil", f"{start}{text}\n"))[1]


@pytest.mark.parametrize("page", [p for p in SYNTAX if p.bad], ids=lambda p: p.code)
def test_bad(page: Page) -> None:
    assert {d.code for d in _found(page, page.bad)} == {page.code}


@pytest.mark.parametrize("page", [p for p in SYNTAX if p.good], ids=lambda p: p.code)
def test_good(page: Page) -> None:
    assert _found(page, page.good) == []
