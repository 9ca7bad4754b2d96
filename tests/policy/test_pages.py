"""Each page's bad example gets its code, and its good one gets no error."""

import pytest

from cpc.compiler.codes import CODES
from cpc.compiler.codes.inventory import INVENTORY
from cpc.compiler.codes.meaning import MEANING
from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Diagnostics, Severity
from cpc.compiler.lint.rules import (
    missing_default,
    overruled_default,
    undecided_default,
    unused_definition,
)
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse
from cpc.compiler.verify.closed_world import check_inventory
from cpc.compiler.verify.coverage import check_coverage
from tests.policy.resolving import read_inventory_text

OWN_INVENTORIES = [page for page in INVENTORY if page.code < "CPC720"]
"""The others show parts of manifests; what is said about whole ones stands in `tests/imports/workloads/bad`."""

COMMANDS = {"CPC307"}
"""Pages whose examples are commands."""

DATABASE = 'language 1\nendpoints db = { app = "db" }\ndefault deny ingress for db\n'

FINDINGS = tuple(
    module.RULE.page
    for module in (missing_default, unused_definition, overruled_default, undecided_default)
)

POLICIES = [p for p in (*MEANING, *FINDINGS) if p.code not in COMMANDS]


def _check(text: str) -> Diagnostics:
    file, problems = parse(SourceFile("page.cil", f"language 1\n{text}\n"))
    assert not problems, problems
    policy, _, diagnostics = resolve([file], {})
    return [*diagnostics, *check_coverage(policy)]


@pytest.mark.parametrize("page", [p for p in POLICIES if p.bad], ids=lambda p: p.code)
def test_bad_policies_get_their_code_and_no_other_error(page: Page) -> None:
    found = _check(page.bad)
    assert page.code in {d.code for d in found}
    assert {d.code for d in found if d.severity is Severity.ERROR} <= {page.code}


@pytest.mark.parametrize("page", POLICIES, ids=lambda p: p.code)
def test_good_policies_are_clean(page: Page) -> None:
    assert _check(page.good) == []


@pytest.mark.parametrize("page", OWN_INVENTORIES, ids=lambda p: p.code)
def test_inventories(page: Page) -> None:
    bad, found = read_inventory_text(page.bad)
    if bad is not None:  # a good inventory, which does not fit a policy
        file, _ = parse(SourceFile("page.cil", DATABASE))
        found = check_inventory(resolve([file], {})[0], bad)
    assert {d.code for d in found} == {page.code}
    good, found = read_inventory_text(page.good)
    assert good is not None, found


def test_pages_stand_under_their_own_codes() -> None:
    assert all(code == page.code for code, page in CODES.items())
