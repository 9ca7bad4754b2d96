"""What single statements parse to, where things stand, and how parsing goes on after an error."""

import ast
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from cpc.compiler.diagnostics import Diagnostic
from cpc.compiler.source import SourceFile, Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.parse import parse
from tests.syntax.strategies import keywords

ROOT = Path(__file__).parents[2]


def statements(text: str) -> tuple[tree.Statement, ...]:
    """The statements of a text that must be right."""
    file, found = parse(SourceFile("test.cil", f"language 1\n{text}\n"))
    assert found == []
    return file.statements


def rule(text: str) -> tree.Rule:
    (found,) = statements(text)
    assert isinstance(found, tree.Rule)
    return found


def problems(text: str) -> list[Diagnostic]:
    return parse(SourceFile("test.cil", f"language 1\n{text}\n"))[1]


def name(expr: object) -> str:
    assert isinstance(expr, tree.Name)
    return expr.text


def literal(expr: tree.Expr) -> str:
    assert isinstance(expr, tree.CidrRef)
    (item,) = expr.items
    assert isinstance(item, tree.CidrItem)
    return item.network.value


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", keywords)
def test_a_name_may_equal_any_keyword(word: str) -> None:
    found = rule(f"allow {word}: `{word}` -> `{word}` `{word}`")
    assert found.name is not None and found.name.text == word
    assert [name(e) for e in (*found.left, *found.right, *found.ports)] == [word] * 3


@pytest.mark.parametrize("word", sorted(set(keywords) - {"not"}))
def test_as_a_selector_it_needs_no_backticks(word: str) -> None:
    found = rule(f"allow {word} -> {word}, x and {word}")
    assert name(found.left[0]) == name(found.right[0]) == word


@pytest.mark.parametrize("word", keywords)
def test_definitions_take_any_name(word: str) -> None:
    text = f"""
      const {word} = {word} param {word} = {word} endpoints {word} = x cidr {word} = [{word}]
      port {word} = tcp/{word} service {word} {{ vip ::1 balance {word} }} policy {word} {{ }}
      tier admin {word} priority {word} {{ }} baseline {word} priority 1 {{ }} fqdn {word} = [{word}]
      test "t" {{ {word} -> {word} : deny by {word}  `{word}` -> x : allow }}
    """
    assert len(statements(text)) == 11


def test_signs_need_no_spaces() -> None:
    found = rule("allow web->db,cache tcp/80,udp/{53,100-200}")
    assert [name(e) for e in (*found.left, *found.right)] == ["web", "db", "cache"]
    assert len(found.ports) == 2


@pytest.mark.parametrize(
    "address", ["dead::1", "fd00:96::10", "::", "::1", "a::", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"]
)
def test_ipv6_is_read_before_names(address: str) -> None:
    assert literal(rule(f"allow x: {address} -> {address}").left[0]) == address
    (found,) = statements(f'test "t" {{ web -> {address}: deny by default }}')
    assert isinstance(found, tree.Test)
    assert literal(found.cases[0].right) == address
    assert found.cases[0].verdict == "deny"


def test_a_name_of_hexadecimal_letters_is_a_name() -> None:
    found = rule("allow face: dead -> beef")
    assert found.name is not None and found.name.text == "face"
    assert [name(e) for e in (*found.left, *found.right)] == ["dead", "beef"]


def test_where_a_port_and_a_statement_are_possible_it_is_a_statement() -> None:
    assert len(statements("allow a -> b deny c -> d")) == 2
    assert [name(p) for p in rule("allow a -> b `deny`").ports] == ["deny"]


def test_a_request_part_is_told_from_a_port_by_its_brace() -> None:
    assert [name(p) for p in rule("allow a -> b http").ports] == ["http"]
    assert isinstance(rule('allow a -> b http http { GET "/" }').l7, tree.Http)


def test_and_binds_closer_than_or() -> None:
    (found,) = statements("endpoints e = a or b and not c")
    assert isinstance(found, tree.EndpointsDef)
    assert isinstance(found.expr, tree.LabelOr)
    assert isinstance(found.expr.right, tree.LabelAnd)
    assert isinstance(found.expr.right.right, tree.LabelNot)


def test_strings_have_their_escapes_undone() -> None:
    (found,) = statements(r'const c = "a\"\\\n\u{e9}#"')
    assert isinstance(found, tree.Const)
    assert found.value == tree.Text('a"\\\n\u00e9#', found.span)


def test_a_matcher_of_the_long_form_needs_a_comma_before_it() -> None:
    found = rule('allow a -> b tcp/80 http { GET "/a" host "h", path "/b" POST "/c" }')
    assert isinstance(found.l7, tree.Http)
    assert [m.short for m in found.l7.matchers] == [True, False, True]
    assert [d.code for d in problems('allow a -> b http { GET "/a" path "/b" }')] == ["CPC122"]


# --- comments ------------------------------------------------------------------------------------


def test_doc_comments_belong_to_what_follows() -> None:
    found = rule("/// one\n# between\n\n///   two\nallow a -> b")
    assert found.doc == "one\n  two"


def test_comments_are_kept_with_their_places() -> None:
    text = "# own\nallow a # behind\n  -> b"
    file, _ = parse(SourceFile("test.cil", f"language 1\n{text}\n"))
    assert [(c.text, c.own_line, c.span.line) for c in file.comments] == [
        ("# own", True, 2),
        ("# behind", False, 3),
    ]


def test_a_sharp_in_a_string_is_no_comment() -> None:
    file, _ = parse(SourceFile("test.cil", 'language 1\ninclude "a#b"'))
    assert file.comments == ()


# --- places --------------------------------------------------------------------------------------


def _nodes(value: Any) -> "list[tuple[Any, Span]]":
    found: list[tuple[Any, Span]] = []
    if isinstance(value, tuple):
        for item in value:
            found += _nodes(item)
    elif isinstance(value, Struct) and not isinstance(value, Span | tree.Comment):
        inner = [getattr(value, name) for name in value.__struct_fields__]
        found += [(value, v) for v in inner[-2:] if isinstance(v, Span)]
        for item in inner:
            found += _nodes(item)
    return found


@pytest.mark.parametrize("before", ["", "# moved\n\n  ", "const x = 1 "])
def test_spans_hold_what_was_written(before: str) -> None:
    tour = (ROOT / "examples/language/tour.cil").read_text(encoding="utf-8")
    text = tour.replace("language 1\n", f"language 1\n{before}", 1)
    file, found = parse(SourceFile("tour.cil", text))
    assert found == []
    lines = text.split("\n")
    nodes = _nodes(file.statements)
    assert len(nodes) > 300
    for node, span in nodes:
        written = text[span.start : span.end]
        assert written == written.strip() and written
        assert lines[span.line - 1][span.column - 1 :].startswith(written.split("\n")[0])
        if isinstance(node, tree.Name):
            assert written.strip("`") == node.text
        if isinstance(node, tree.Number):
            assert written == str(node.value)


def test_the_head_of_a_rule_ends_before_its_request_part() -> None:
    text = 'allow n: a -> b tcp/80 http { GET "/" } log'
    found = rule(text)
    assert found.span.end - found.span.start == len(text)
    assert found.head.end - found.head.start == len("allow n: a -> b tcp/80")


# --- errors --------------------------------------------------------------------------------------


def test_what_is_right_around_an_error_is_in_the_tree() -> None:
    text = "allow a -> b\npolicy p {\n  allow c d\n  deny e -> f\n}\nmode always"
    file, found = parse(SourceFile("test.cil", f"language 1\n{text}\n"))
    assert [d.code for d in found] == ["CPC103"]
    first, policy, mode = file.statements
    assert isinstance(policy, tree.Policy)
    assert [type(s) for s in (first, *policy.statements, mode)] == [tree.Rule, tree.Rule, tree.Mode]


def test_a_missing_brace_hides_nothing() -> None:
    text = "policy p {\n  allow a -> b\n\npolicy q {\n  allow c -> d\n}\nallow e f"
    file, found = parse(SourceFile("test.cil", f"language 1\n{text}\n"))
    assert sorted(d.code for d in found) == ["CPC103", "CPC105"]
    assert len(file.statements) == 2
    (missing,) = [d for d in found if d.code == "CPC105"]
    assert missing.labels[0].span.line == 3


def test_the_other_line_ends_and_a_byte_order_mark() -> None:
    file, found = parse(SourceFile("test.cil", "\ufefflanguage 1\r\nallow a -> b # c\r\n"))
    assert found == []
    assert [c.text for c in file.comments] == ["# c"]


def test_an_empty_text_is_an_empty_file() -> None:
    file, found = parse(SourceFile("test.cil", ""))
    assert found == [] and file.statements == () and file.language is None


def test_only_the_parser_knows_lark() -> None:
    def imports(path: Path) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
        return found

    files = [p for top in ("compiler", "runtime", "grammar") for p in (ROOT / top).rglob("*.py")]
    knowing = [p.relative_to(ROOT).as_posix() for p in files if "lark" in imports(p)]
    assert sorted(knowing) == ["compiler/syntax/grammar.py", "compiler/syntax/parse.py"]
