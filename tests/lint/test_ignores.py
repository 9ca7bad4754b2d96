"""Comments that silence findings: what they are about, and what is wrong with them."""

import pytest

from cpc.compiler.diagnostics import Diagnostic, Severity
from cpc.compiler.imports.manifests import import_units, read_manifests
from cpc.compiler.lint.ignores import Ignore, ignores, silenced
from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax.parse import parse
from tests.lint.linting import linted, said

BASE = "default deny ingress for all"


def lines(text: str) -> list[tuple[str, int]]:
    """What is said of a text, by line."""
    return said(linted(text))


@pytest.mark.parametrize(
    "text",
    [
        'endpoints web = { app = "web" }  # cpc: ignore[CPC202] later',
        'endpoints web = { app = "web" }  # cpc: ignore[cpc202] later',
        'endpoints web = { app = "web" }  # cpc: ignore[unused-definition] later',
        'endpoints web = { app = "web" }  # cpc: ignore[ unused-definition ]: later',
        'endpoints web = { app = "web" }  ## cpc:ignore [CPC202] later',
        '# cpc: ignore[CPC202] later\nendpoints web = { app = "web" }',
        '# cpc: ignore[CPC202] later\n\n# about it\n/// doc\nendpoints web = { app = "web" }',
        'endpoints web = {\n  app = "web"\n}  # cpc: ignore[CPC202] later',
        'endpoints web = {  # cpc: ignore[CPC202] later\n  app = "web"\n}',
        'endpoints web = {\n  # cpc: ignore[CPC202] later\n  app = "web"\n}',
        "const a = 1 const b = 2  # cpc: ignore[CPC202] both",
    ],
)
def test_a_comment_silences_its_statement(text: str) -> None:
    assert lines(f"{text}\n{BASE}") == []


@pytest.mark.parametrize(
    "text",
    [
        'endpoints web = { app = "web" }\n# cpc: ignore[CPC202] behind it\nconst a = 1',
        '# cpc: ignore[CPC202] the first alone\nconst a = 1\nendpoints web = { app = "web" }',
    ],
)
def test_a_comment_silences_nothing_else(text: str) -> None:
    assert [code for code, _ in lines(f"{text}\n{BASE}")] == ["CPC202"]


POLICY = """
endpoints web = {{ app = "web" }}
default deny ingress for all
{before}policy p {{{head}
  {inside}ingress allow a: world -> web tcp/22{behind}
}}{after}
"""


@pytest.mark.parametrize(
    ("place", "silent"),
    [("before", False), ("head", False), ("inside", True), ("behind", True), ("after", False)],
)
def test_a_block_is_not_its_rules(place: str, silent: bool) -> None:
    comment = "# cpc: ignore[world-exposed] a honeypot"
    end = "\n" if place in ("before", "inside") else ""
    places = dict.fromkeys(("before", "head", "inside", "behind", "after"), "")
    text = POLICY.format(**places | {place: f"  {comment}{end}"})
    found = {d.code for d in linted(text, engine=True)} & {"CPC205", "CPC210"}
    assert sorted(found) == ([] if silent else ["CPC205", "CPC210"])


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# cpc: ignore", "this comment ignores nothing"),
        ("# cpc: ignore CPC202 later", "this comment ignores nothing"),
        ("# cpc: ignore[] later", "this comment ignores nothing"),
        ("# cpc: ignor[CPC202] later", "this comment ignores nothing"),
        ("# cpc: ignore[CPC202]", "this ignore gives no reason"),
        ("# cpc: ignore[CPC202, unused-defintion] later", "no rule is called `unused-defintion`"),
    ],
)
def test_a_comment_that_is_not_as_it_should_be(comment: str, message: str) -> None:
    found = linted(f'endpoints web = {{ app = "web" }}  {comment}\n{BASE}')
    (one,) = [d for d in found if d.code == "CPC206"]
    assert one.message == message and one.help


@pytest.mark.parametrize("comment", ["# see cpc: it is fine", "# cpc: a compiler", "# ignore[x] y"])
def test_other_comments_are_left_alone(comment: str) -> None:
    assert lines(f"{comment}\n{BASE}") == []


def test_a_word_without_use_is_found_at_its_place() -> None:
    text = f'endpoints web = {{ app = "web" }}  # cpc: ignore[CPC202, CPC211] later\n{BASE}'
    (one,) = linted(text)
    assert (one.code, one.message) == ("CPC205", "there is no `CPC211` to ignore here")
    assert one.span is not None and one.span.column == 56


def test_words_of_rules_that_were_not_asked_are_not_unused() -> None:
    assert lines(f"# cpc: ignore[shadowed-rule] the engine did not run\n{BASE}") == []


def test_errors_of_the_input_are_not_silenced() -> None:
    file, _ = parse(
        SourceFile("a.cil", "language 1\ndefault deny ingress for wbe  # cpc: ignore[CPC301] x\n")
    )
    sources = {
        "a.cil": SourceFile(
            "a.cil", "language 1\ndefault deny ingress for wbe  # cpc: ignore[CPC301] x\n"
        )
    }
    from cpc.compiler.lint.run import lint_errors
    from cpc.compiler.lint.settings import Settings

    error = Diagnostic("CPC301", Severity.ERROR, "m", file.statements[0].span)
    assert lint_errors((file,), sources, [error], Settings()) == [error]


YAML = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a, namespace: b}
spec:
  podSelector: {}
  ingress:
  # cpc: ignore[CPC210] the shop window
  - from:
    - ipBlock: {cidr: 0.0.0.0/0}  # cpc: ignore[CPC999] x
"""


def yaml_ignores(text: str) -> tuple[list[Ignore], SourceFile]:
    source = SourceFile("a.yaml", text)
    manifests, _ = read_manifests(source, named=True)
    files, _ = import_units([manifests], None)
    return list(ignores(files, {"a.yaml": source})), source


def test_comments_of_yaml_are_about_a_line() -> None:
    (first, second), source = yaml_ignores(YAML)
    rule = YAML.index("from:")
    assert first.covers(source.span(rule, rule + 4)) and not second.covers(
        source.span(rule, rule + 4)
    )
    block = YAML.index("ipBlock")
    assert second.covers(source.span(block, block + 4)) and not first.covers(
        source.span(block, block + 1)
    )
    one = Diagnostic("CPC210", Severity.WARNING, "m", source.span(rule, rule + 4))
    assert silenced([one], [first], {}) == [] and first.used == {"CPC210"}


def test_a_comment_at_the_end_of_a_file_is_about_nothing() -> None:
    assert lines(f"{BASE}\n# cpc: ignore[CPC202] nothing follows") == [("CPC205", 2)]
    (found, *_), _ = yaml_ignores(
        YAML.replace("  # cpc: ignore[CPC999] x", "") + "# cpc: ignore[CPC1] y"
    )
    assert not found.covers(Span("b.yaml", 0, 1, 1, 1))
