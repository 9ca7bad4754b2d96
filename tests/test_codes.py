"""Every code that is said has a page, and every page is of a code that is said."""

import re
from pathlib import Path

import pytest

from cpc.compiler.codes import Page
from cpc.compiler.lint.pages import PAGES

ROOT = Path(__file__).parents[1]
PARTS = sorted((ROOT / "compiler/codes").glob("*.py"))
RULES = sorted((ROOT / "compiler/lint/rules").glob("*.py"))

_PAGE = r'(?:Page\(|tell,)\s*"(CPC\d{3})",'
"""How a page begins, also that of a rule that tells findings."""


def said() -> set[str]:
    """The codes that stand in the program, outside of their pages."""
    files = [
        *ROOT.glob("compiler/**/*.py"),
        *ROOT.glob("runtime/**/*.py"),
        *ROOT.glob("grammar/*.py"),
    ]
    texts = (path.read_text() for path in files if path not in PARTS)
    outside = (re.sub(_PAGE, "", text) for text in texts)
    return {code for text in outside for code in re.findall(r'"(CPC\d{3})"', text)}


def test_every_code_that_is_said_has_a_page() -> None:
    assert sorted(said() - PAGES.keys()) == []


def test_every_page_is_of_a_code_that_is_said() -> None:
    assert sorted(PAGES.keys() - said()) == []


def test_no_code_has_two_pages() -> None:
    pages = [code for part in (*PARTS, *RULES) for code in re.findall(_PAGE, part.read_text())]
    assert sorted({code for code in pages if pages.count(code) > 1}) == []


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.code)
def test_a_page_can_be_read(page: Page) -> None:
    assert page.title and page.title[0] == page.title[0].lower() and not page.title.endswith(".")
    assert page.why.endswith((".", "`", ":")), "whole sentences"
    assert "\n" not in page.title
