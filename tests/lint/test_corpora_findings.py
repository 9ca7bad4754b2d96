"""What is found in the policies that others wrote is listed, replayed, and explained in a golden file."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from cpc.compiler.lint.rules import RULES
from cpc.compiler.lint.settings import Settings
from cpc.compiler.pipeline import Front, Options, front, lint_policy
from cpc.compiler.policy.connections import Connection, decide_connection
from cpc.compiler.policy.decide import decide, party_selected
from cpc.compiler.policy.flow import OPAQUE
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.model import Direction, Entity, Policy, Rule
from cpc.compiler.policy.semantics import Verdict
from cpc.compiler.timings import Timings
from cpc.compiler.verify.engine.findings import find
from cpc.compiler.verify.findings import Finding, FindingKind
from tests.imports.reading import corpus, files_of

GOLDEN = Path(__file__).parent / "corpora_findings.txt"
CODES = {rule.code for rule in RULES}


def cases(folder: Path) -> Iterator[tuple[str, Front]]:
    """What is read by itself: each file of Cilium's examples, each folder of manifests, and that with its pods."""
    for name in files_of(folder, "cilium-1.1", "cilium-1.17"):
        yield name, front([str(folder / name)], Options(), Timings())
    for path in sorted(p for p in (folder / "np-guard" / "manifests").iterdir() if p.is_dir()):
        name = path.relative_to(folder).as_posix()
        yield name, front([str(path)], Options(), Timings())
        closed = Options(inventory=(str(path),))
        yield f"{name} with its pods", front([str(path)], closed, Timings())


def told(name: str, read: Front) -> Iterator[str]:
    """A line for each finding."""
    for one in lint_policy(read, (), Settings(notes=True), Timings()):
        if one.code in CODES:
            assert one.span is not None
            file = Path(one.span.file).name
            place = "" if name.partition(" with ")[0].endswith(file) else f" {file}"
            yield f"{name}{place}:{one.span.line}: {one.code} {one.message}"


def explained(text: str) -> dict[str, str]:
    """The findings of the golden file with what it says of them: indented lines are about those above."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in text.splitlines():
        if line.startswith("    "):
            found |= {name: f"{found.get(name, '')} {line.strip()}" for name in above}
        elif not line.strip() or line.startswith("#"):
            above = []
        else:
            above.append(line)
            found[line] = ""
    return found


# --- replays -----------------------------------------------------------------------------------


def replay(policy: Policy, inventory: Inventory | None, finding: Finding) -> None:
    """Asks `decide` about the witness of a finding, and so about the finding itself."""
    rule = finding.rule
    assert isinstance(rule, Rule)
    if finding.kind is FindingKind.IRRELEVANT:
        assert inventory is not None
        everyone = list(inventory.parties())
        assert not any(
            party_selected(one, rule.subject) and party_selected(other, rule.peers)
            for one, other in product(everyone, everyone)
            if one != other
        )
        return
    flow, request = finding.witness, finding.request or OPAQUE
    assert flow is not None
    said = decide(policy, flow, request)
    others = [other.origin for other in finding.others]
    match finding.kind:
        case FindingKind.EXPOSED:
            assert (said.verdict, said.rule) == (Verdict.ALLOW, rule.origin)
            assert Entity.WORLD in flow.peer.entities
        case FindingKind.DUPLICATE:
            assert said.rule != rule.origin
            assert said.verdict is Verdict.ALLOW
        case FindingKind.GENERALISATION:
            assert said.rule in others
            assert said.verdict is Verdict.DENY
        case FindingKind.L7_BYPASS:
            assert (said.verdict, said.rule) == (Verdict.ALLOW, rule.origin)
        case FindingKind.HALF_OPEN:
            assert (said.verdict, said.rule) == (Verdict.ALLOW, rule.origin)
            ends = (flow.subject, flow.peer)
            client, server = ends if flow.direction is Direction.EGRESS else ends[::-1]
            asked = Connection(client, server, flow.family, flow.protocol, flow.port)
            assert decide_connection(policy, asked, request).verdict is Verdict.DENY
        case _:
            raise AssertionError(f"nobody wrote how to replay {finding.kind}")


def test_findings_in_policies_of_others_are_explained_and_replayed() -> None:
    folder = corpus()
    found: list[str] = []
    replayed = 0
    for name, read in cases(folder):
        found += told(name, read)
        if read.policy is not None and not read.failed:
            for finding in find(read.policy, set(FindingKind), read.inventory):
                assert not finding.undecided
                replay(read.policy, read.inventory, finding)
                replayed += 1
    golden = explained(GOLDEN.read_text(encoding="utf-8"))
    assert sorted(golden) == sorted(found)
    assert [name for name, why in golden.items() if len(why) < 40] == []
    assert replayed >= len(found)
