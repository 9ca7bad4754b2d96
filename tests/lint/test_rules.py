"""Every rule: its name and page, the bad example that has it and the good one that has not."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.lint.pages import PAGES
from cpc.compiler.lint.rule import Rule
from cpc.compiler.lint.rules import RULES
from cpc.compiler.lint.run import lint
from cpc.compiler.lint.table import with_table
from cpc.compiler.verify.findings import FindingKind
from tests.lint.linting import CLEAN, findings_of, material, said

FOLDER = Path(__file__).parents[2] / "compiler/lint/rules"
DOCUMENT = Path(__file__).parents[2] / "docs/lint.md"
KINDS = {kind.value for kind in FindingKind}

NOT_POLICIES = {"unused-include", "stale-baseline", "forgotten-endpoint", "irrelevant-rule"}
"""Rules whose examples are files, commands or inventories; their own tests have them."""

POLICIES = [r for r in RULES if r.name not in NOT_POLICIES]


def codes_of(text: str, rule: Rule) -> set[str]:
    found, told = material(text)
    if rule.name in KINDS:
        found = replace(found, findings=findings_of(found))
    return {diagnostic.code for diagnostic in lint(found, told, CLEAN)}


@pytest.mark.parametrize("rule", [r for r in POLICIES if r.page.bad], ids=lambda r: r.name)
def test_the_bad_example_has_it(rule: Rule) -> None:
    assert rule.code in codes_of(rule.page.bad, rule)


@pytest.mark.parametrize("rule", [r for r in POLICIES if r.page.good], ids=lambda r: r.name)
def test_the_good_example_has_it_not(rule: Rule) -> None:
    assert rule.code not in codes_of(rule.page.good, rule)


def test_every_rule_has_a_name_of_its_own_that_reads_after_allow() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) for name in names)
    assert not set(names) & {"all", *PAGES}


def test_every_rule_is_one_file_and_every_file_one_rule() -> None:
    files = {path.stem.replace("_", "-") for path in FOLDER.glob("*.py")} - {"--init--"}
    assert files == {rule.name for rule in RULES}


def test_rules_are_sorted_by_code_and_every_kind_of_finding_has_one() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(codes)
    assert KINDS <= {rule.name for rule in RULES}


def test_every_page_stands_under_its_code() -> None:
    assert all(code == page.code for code, page in PAGES.items())


def test_what_a_rule_says_has_its_severity() -> None:
    by_code = {rule.code: rule for rule in RULES}
    for rule in POLICIES:
        if rule.page.bad:
            found, told = material(rule.page.bad)
            found = replace(found, findings=findings_of(found))
            for diagnostic in lint(found, told, CLEAN):
                if diagnostic.code in by_code:
                    assert diagnostic.severity is by_code[diagnostic.code].severity, rule.name


def test_the_documented_table_is_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_table(text) == text, "run `make generated`"


def test_said_is_not_blind() -> None:
    found, told = material('endpoints web = { app = "web" }\ndefault deny ingress for all')
    assert said(lint(found, told, CLEAN)) == [("CPC202", 1)]
