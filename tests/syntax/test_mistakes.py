"""Each snippet that stands for a mistake is explained as that mistake, where a user makes it."""

import pytest

from cpc.compiler.source import SourceFile
from cpc.compiler.syntax.parse import parse, parse_connection
from cpc.grammar.syntax_errors import MISTAKES, Mistake

FRAMES = {
    "statement": "language 1\n{}\n",
    "service_item": "language 1\nservice s {{\n  {}\n}}\n",
    "test_case": 'language 1\ntest "t" {{\n  {}\n}}\n',
}

BLOCKS = ("policy", "tier", "baseline", "service", "test")


def closed(mistake: Mistake, snippet: str) -> bool:
    """Whether its brackets match: else the missing one is what is explained."""
    block = mistake.start == "statement" and snippet.startswith(BLOCKS)
    pairs = (("{", "}"), ("[", "]"), ("(", ")"))
    return all(snippet.count(o) == snippet.count(c) for o, c in pairs) and not (
        block and "{" in snippet
    )


SNIPPETS = [
    (mistake, snippet.strip())
    for mistake in MISTAKES
    for snippet in mistake.snippets.strip().splitlines()
    if closed(mistake, snippet)
]


@pytest.mark.parametrize(("mistake", "snippet"), SNIPPETS, ids=[s for _, s in SNIPPETS])
def test_snippet(mistake: Mistake, snippet: str) -> None:
    if mistake.start == "connection":
        _, found = parse_connection(SourceFile("connection", snippet))
    else:
        _, found = parse(SourceFile("snippet.cil", FRAMES[mistake.start].format(snippet)))
    assert mistake.code in [d.code for d in found]
