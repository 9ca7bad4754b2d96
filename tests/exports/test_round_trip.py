"""Exported and imported again, a policy decides every flow at its edges as before.

Policies are the cases of this folder and, where `CPC_CORPORA` names a folder of them, policies that
others wrote: each is imported, written as the language, read again, exported as the kind that it was and
as `auto`, and imported once more.
"""

import os
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from cpc.compiler.exports.export import export
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.pipeline import Options, front
from cpc.compiler.policy.model import Action, Policy
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.syntax.stretches import trees
from cpc.compiler.timings import Timings
from tests.exports.round_trip import back, compared, reread
from tests.exports.test_golden import PAIRS

CORPORA = os.environ.get("CPC_CORPORA", "")
FLOWS = 1000


# --- our cases -----------------------------------------------------------------------------------


def policy_of(case: Path) -> Policy:
    """The policy of a case."""
    policy = front([str(case)], Options(), Timings()).policy
    assert policy is not None
    return policy


@pytest.mark.parametrize(("case", "kind"), PAIRS, ids=lambda part: getattr(part, "stem", part))
def test_cases(case: Path, kind: Kind) -> None:
    policy = policy_of(case)
    text, _ = export(policy, kind)
    assert text is not None
    assert len(compared(policy, back(text, kind), FLOWS)) > 1


@pytest.mark.parametrize("case", sorted({case for case, _ in PAIRS}), ids=lambda case: case.stem)
def test_another_action_would_be_seen(case: Path) -> None:
    """The flows are at the edges indeed: each half that matches anything would be missed."""
    policy = policy_of(case)
    for rule in policy.rules:
        if rule.ports == ():
            continue  # ports by name alone, which nobody has
        action = Action.ALLOW if rule.action is Action.DENY else Action.DENY
        other = replace(rule, action=action, l7=None)
        rules = tuple(other if r is rule else r for r in policy.rules)
        with pytest.raises(AssertionError, match="Flow"):
            compared(policy, replace(policy, rules=rules), 3 * FLOWS)
            pytest.fail(f"nothing is at the edges of line {rule.origin.span.line}")


# --- policies of others --------------------------------------------------------------------------

_POLICY = re.compile(r"kind\"?: *\"?\w*(NetworkPolicy)|endpointSelector")


_REFUSED = frozenset(
    line.partition(": refused ")[0]
    for line in (Path(__file__).parents[1] / "imports/corpora.txt").read_text().splitlines()
    if ": refused " in line
)
"""Files of the corpora that are not imported: the importers' own test holds that list."""


def files() -> list[Path]:
    """Every file of the corpora that holds a policy which is imported."""
    if not CORPORA:
        return []
    found = [p for p in sorted(Path(CORPORA).rglob("*")) if p.suffix in (".json", ".yaml", ".yml")]
    known = (p for p in found if p.relative_to(CORPORA).as_posix() not in _REFUSED)
    return [p for p in known if _POLICY.search(p.read_text(encoding="utf-8"))]


def kinds_of(path: Path, text: str) -> tuple[Kind, ...]:
    """What a file is exported as: the kind that it is, and what `auto` makes of it."""
    if "endpointSelector" in text and "apiVersion" not in text:
        return (Kind.CILIUM_JSON, Kind.AUTO)
    if "cilium.io" in text:
        return (Kind.CILIUM, Kind.AUTO)
    return (Kind.AUTO,)


@pytest.mark.skipif(not CORPORA, reason="needs policies of others: set CPC_CORPORA to their folder")
@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(CORPORA)))
def test_policies_of_others(path: Path) -> None:
    read = front([str(path)], Options(), Timings())
    assert read.policy is not None, read.diagnostics
    policy, files = reread(trees(read.written))
    seen: set[Verdict] = set()
    texts: dict[str, Kind] = {}
    for kind in kinds_of(path, path.read_text(encoding="utf-8")):
        text, said = export(policy, kind, files)
        if kind is Kind.AUTO and text is None and all(d.help for d in said):
            continue
        assert text is not None, said
        texts.setdefault(text, kind)
    for text, kind in texts.items():
        seen |= compared(policy, back(text, kind), FLOWS).keys()
    assert seen


@pytest.mark.skipif(not CORPORA, reason="needs policies of others: set CPC_CORPORA to their folder")
def test_there_are_policies_of_others() -> None:
    assert files()
