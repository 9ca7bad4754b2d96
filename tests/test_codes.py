"""Every code that is said has a page, and every page is of a code that is said."""

import re
from pathlib import Path

import pytest

from cpc.compiler.codes import CODES, Page

ROOT = Path(__file__).parents[1]
PARTS = sorted((ROOT / "compiler/codes").glob("*.py"))


def said() -> set[str]:
    """The codes that stand in the program, outside of their pages."""
    files = [
        *ROOT.glob("compiler/**/*.py"),
        *ROOT.glob("runtime/**/*.py"),
        *ROOT.glob("grammar/*.py"),
    ]
    texts = (path.read_text() for path in files if path not in PARTS)
    return {code for text in texts for code in re.findall(r'"(CPC\d{3})"', text)}


def test_every_code_that_is_said_has_a_page() -> None:
    assert sorted(said() - CODES.keys()) == []


def test_every_page_is_of_a_code_that_is_said() -> None:
    assert sorted(CODES.keys() - said()) == []


def test_no_code_has_two_pages() -> None:
    pages = [code for part in PARTS for code in re.findall(r'"(CPC\d{3})",', part.read_text())]
    assert sorted({code for code in pages if pages.count(code) > 1}) == []


@pytest.mark.parametrize("page", CODES.values(), ids=lambda page: page.code)
def test_a_page_can_be_read(page: Page) -> None:
    assert page.title and page.title[0] == page.title[0].lower() and not page.title.endswith(".")
    assert page.why.endswith((".", "`", ":")), "whole sentences"
    assert "\n" not in page.title
