"""From a policy to objects and back, and whether both decide the same."""

from collections import Counter
from collections.abc import Sequence

from cpc.compiler.diagnostics import Severity
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.policy.decide import decide
from cpc.compiler.policy.model import Policy
from cpc.compiler.policy.resolve import resolve
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.format import format_file
from cpc.compiler.syntax.parse import parse
from tests.exports.worlds import flows_of, parties_of, requests_of

__all__ = ["back", "compared", "reread"]


def back(text: str, kind: Kind) -> Policy:
    """What the importer makes of exported objects, which must be without errors for it."""
    name = "objects.json" if kind is Kind.CILIUM_JSON else "objects.yaml"
    manifests, problems = read_manifests(SourceFile(name, text), named=bool(text))
    trees, found = import_units([manifests], None)
    policy, _, more = resolve(trees, {}, None)
    assert not [d for d in (*problems, *found, *more) if d.severity is Severity.ERROR], text
    return policy


def reread(files: Sequence[tree.File]) -> tuple[Policy, tuple[tree.File, ...]]:
    """Imported trees written as the language, and what that means."""
    read = [parse(SourceFile(f"{n}.cil", format_file(f))) for n, f in enumerate(files)]
    assert all(not problems for _, problems in read)
    trees = tuple(file for file, _ in read)
    policy, _, found = resolve(trees, {}, None)
    assert not [d for d in found if d.severity is Severity.ERROR]
    return policy, trees


def compared(policy: Policy, other: Policy, number: int, seed: int = 0) -> Counter[Verdict]:
    """The verdicts over `number` flows at the edges of `policy`; fails where `other` has another one."""
    seen: Counter[Verdict] = Counter()
    requests = requests_of(policy) if any(r.l7 is not None for r in policy.rules) else ()
    for flow in flows_of(policy, parties_of(policy, seed), seed, number):
        for request in (None, *requests):
            one, two = decide(policy, flow, request), decide(other, flow, request)
            assert one.verdict is two.verdict, (flow, request, one, two)
            seen[one.verdict] += 1
    return seen
