"""Asserts and tests."""

from collections.abc import Collection

from msgspec import Struct, field

from cpc.compiler.diagnostics import Label, error, suggest
from cpc.compiler.policy.claims import BY_DEFAULT, Assert, AssertKind, Test, TestCase
from cpc.compiler.policy.facts import RuleName
from cpc.compiler.policy.model import PortRange
from cpc.compiler.policy.names import Scope
from cpc.compiler.policy.resolve_places import Block, origin_of
from cpc.compiler.policy.resolve_ports import Ports, PortSet
from cpc.compiler.policy.resolve_requests import Requests
from cpc.compiler.policy.resolve_sides import Sides, peers_of
from cpc.compiler.policy.resolve_test_requests import TestRequests
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Claims", "numbers_of"]


class Claims(Struct):
    """Collects asserts and tests; errors are CPC334, CPC338, CPC351, CPC352 and those of their parts."""

    scope: Scope
    values: Values
    sides: Sides
    ports: Ports
    requests: Requests
    asserts: list[Assert] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    _assert_names: dict[str, Span] = field(default_factory=dict)
    _by: list[tree.Name] = field(default_factory=list)

    def add_assert(self, claim: tree.Assert, block: Block) -> None:
        """One assert."""
        if claim.name is not None:
            first = self._assert_names.setdefault(claim.name.text, claim.name.span)
            if first != claim.name.span:
                self.scope.diagnostics.append(
                    error(
                        "CPC334",
                        f"there already is an assert named `{claim.name.text}`",
                        claim.name.span,
                        labels=(Label(first, "first named here"),),
                        help="rename one of them",
                    )
                )
        left = self.sides.side(claim.left, "")
        right = self.sides.side(claim.right, "")
        ports = self.ports.ports(claim.ports) if claim.ports else None
        request = None if claim.request is None else self.requests.part(claim.request)
        if (claim.ports and ports is None) or (claim.request is not None and request is None):
            return
        numbers = numbers_of(ports, self.scope)
        carried = claim.request is None or self.requests.carried(claim.request, ports)
        if left is None or right is None or (ports is not None and numbers is None) or not carried:
            return
        self.asserts.append(
            Assert(
                AssertKind(claim.kind),
                peers_of(left),
                peers_of(right),
                numbers,
                request,
                origin_of(claim.name, claim.span, block, claim.doc),
            )
        )

    def add_test(self, test: tree.Test, block: Block) -> None:
        """One test with its cases."""
        namespace = "" if test.namespace is None else test.namespace.value
        if test.namespace is not None and not namespace:
            self.scope.diagnostics.append(
                error(
                    "CPC338",
                    "a namespace's name is empty",
                    test.namespace.span,
                    help="leave `namespace` out to speak of every namespace",
                )
            )
        cases = [self._case(c, namespace, block) for c in test.cases]
        known = tuple(c for c in cases if c is not None)
        if len(known) == len(cases):
            origin = origin_of(None, test.span, block)
            self.tests.append(Test(test.name.value, known, origin))

    def _case(self, case: tree.TestCase, namespace: str, block: Block) -> TestCase | None:
        left = self.sides.side((case.left,), namespace)
        right = self.sides.side((case.right,), namespace)
        ports = None if case.ports is None else self.ports.ports((case.ports,))
        requests = TestRequests(self.scope, self.values)
        request = None if case.request is None else requests.request(case.request)
        if case.by is not None and case.by.text != BY_DEFAULT:
            self._by.append(case.by)
        numbers = numbers_of(ports, self.scope)
        if (case.ports is not None and numbers is None) or (
            case.request is not None and request is None
        ):
            return None
        if left is None or right is None:
            return None
        return TestCase(
            peers_of(left),
            peers_of(right),
            numbers,
            request,
            Verdict(case.verdict),
            None if case.by is None else case.by.text,
            origin_of(None, case.span, block),
        )

    def check_rule_names(self, names: Collection[RuleName]) -> None:
        """Errors for tests that name a rule that is not there; called when all rules are known."""
        known = {name for *_, name in names} if self._by else set()
        for name in self._by:
            if name.text in known:
                continue
            near = suggest(name.text, [*known, BY_DEFAULT])
            self.scope.diagnostics.append(
                error(
                    "CPC301",
                    f"no rule is named `{name.text}`",
                    name.span,
                    help=f"did you mean `{near}`?" if near else "write a rule's name, or `default`",
                )
            )


def numbers_of(ports: PortSet | None, scope: Scope) -> tuple[PortRange, ...] | None:
    """Ports by number; names are refused (CPC351), since a claim is about what packets carry."""
    if ports is None:
        return None
    for named in ports.named:
        scope.diagnostics.append(
            error(
                "CPC351",
                f"port `{named.name}` has no number here",
                named.span,
                help="write the number: this is about what packets carry",
            )
        )
    return None if ports.named else ports.ranges
