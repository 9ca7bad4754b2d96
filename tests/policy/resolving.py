"""Policy texts to resolved policies, for tests."""

from collections.abc import Mapping

from cpc.compiler.diagnostics import Diagnostic, Diagnostics, Severity
from cpc.compiler.documents.compose import documents
from cpc.compiler.policy.inventory import Inventory
from cpc.compiler.policy.inventory_file import inventory_of_document
from cpc.compiler.policy.inventory_owners import Owners
from cpc.compiler.policy.model import Direction, Policy, Rule
from cpc.compiler.policy.resolve import Definitions, resolve
from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.parse import parse

__all__ = ["clean", "codes", "half", "inventory_of", "outcome", "parsed", "read_inventory_text"]


def parsed(text: str, name: str = "test.cil") -> tree.File:
    """The tree of a text without `language 1`, which must have no syntax errors."""
    file, problems = parse(SourceFile(name, f"language 1\n{text}\n"))
    assert problems == [], problems
    return file


def outcome(
    *texts: str,
    params: Mapping[str, str] | None = None,
    inventory: Inventory | None = None,
) -> tuple[Policy, Definitions, Diagnostics]:
    """What files with these texts resolve to; they are called 0.cil, 1.cil and so on."""
    files = [parsed(text, f"{number}.cil") for number, text in enumerate(texts)]
    return resolve(files, params or {}, inventory)


def clean(
    *texts: str,
    params: Mapping[str, str] | None = None,
    inventory: Inventory | None = None,
) -> Policy:
    """The policy of texts that have no errors; unused definitions and the like may be there."""
    policy, _, diagnostics = outcome(*texts, params=params, inventory=inventory)
    assert [d for d in diagnostics if d.severity is Severity.ERROR] == []
    return policy


def codes(*texts: str, params: Mapping[str, str] | None = None) -> list[tuple[str, int]]:
    """(code, line) of each diagnostic, where the text's first line is 1; 0: no place."""
    found = outcome(*texts, params=params)[2]
    return [(d.code, 0 if d.span is None else d.span.line - 1) for d in found]


def half(policy: Policy, direction: str, name: str | None = None) -> Rule:
    """The one half of a direction (and of a name)."""
    rules = [
        r
        for r in policy.rules
        if r.direction is Direction(direction) and name in (None, r.origin.name)
    ]
    assert len(rules) == 1, rules
    return rules[0]


def read_inventory_text(text: str) -> tuple[Inventory | None, Diagnostics]:
    """The inventory of a text of one document, and what is wrong."""
    [root] = documents(SourceFile("inventory.yaml", text))
    if isinstance(root, Diagnostic):
        return None, [root]
    return inventory_of_document(root, Owners())


def inventory_of(text: str) -> Inventory:
    """The inventory of a text that has no errors."""
    found, problems = read_inventory_text(text)
    assert problems == [] and found is not None, problems
    return found
