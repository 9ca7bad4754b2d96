"""Each page's bad example cannot be exported as the kind that it is about, and its good one can."""

import pytest

from cpc.compiler.codes.exports import EXPORTS
from cpc.compiler.codes.page import Page
from cpc.compiler.diagnostics import Severity
from cpc.compiler.exports.export import export
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.verify.coverage import check_coverage
from tests.policy.resolving import parsed

KINDS = {
    "CPC851": Kind.NETWORKPOLICY,
    "CPC852": Kind.CLUSTER,
    "CPC853": Kind.NETWORKPOLICY,
    "CPC854": Kind.CILIUM,
    "CPC855": Kind.CILIUM,
    "CPC856": Kind.NETWORKPOLICY,
    "CPC857": Kind.NETWORKPOLICY,
    "CPC858": Kind.NETWORKPOLICY,
    "CPC859": Kind.CLUSTER,
    "CPC861": Kind.CLUSTER,
}
"""What the examples are exported as; the other pages' are commands, or too long."""

PAGES = [page for page in EXPORTS if page.code in KINDS]


def exported(text: str, kind: Kind) -> tuple[str | None, set[str]]:
    """The objects of a policy without errors, and the codes of what is said."""
    file = parsed(text)
    policy, _, found = resolve([file], {})
    assert [d for d in found if d.severity is Severity.ERROR] == check_coverage(policy) == []
    objects, found = export(policy, kind, [file])
    return objects, {d.code for d in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_bad(page: Page) -> None:
    objects, codes = exported(page.bad, KINDS[page.code])
    assert codes == {page.code}
    assert (objects is None) is (page.code != "CPC861")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_good(page: Page) -> None:
    objects, codes = exported(page.good, KINDS[page.code])
    assert objects and codes == set()
