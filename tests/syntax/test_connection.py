"""Questions about one connection: what parses, and what is said of what does not."""

import pytest

from cpc.compiler.source import SourceFile
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.parse import parse, parse_connection

CASES = [
    "web -> orders",
    "web -> orders tcp/8080",
    'web -> orders tcp/8080 GET "/api" host "shop"',
    '{ app = "web", not old } -> 192.0.2.1 icmp/echo-request',
    "web and not (old or new) -> world postgres",
    'a -> b tcp/9092 kafka { produce topic "x" }',
    '10.0.0.0/8 except 10.1.0.0/16 -> b udp/53 dns { "x.org" }',
]


def connection(text: str) -> tree.Connection:
    found, problems = parse_connection(SourceFile("connection", text))
    assert found is not None and problems == []
    return found


@pytest.mark.parametrize("text", CASES)
def test_a_connection_is_a_test_case_without_its_verdict(text: str) -> None:
    asked = connection(text)
    file, problems = parse(
        SourceFile("t.cil", f'language 1\ntest "t" {{ {text} : allow by some }}\n')
    )
    assert problems == []
    (test,) = file.statements
    assert isinstance(test, tree.Test)
    (case,) = test.cases
    assert (asked.left, asked.right, asked.ports, asked.request) == (
        case.left,
        case.right,
        case.ports,
        case.request,
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [("shop/web-1", "shop/web-1"), ('"shop/web.1"', "shop/web.1"), ('"7b"', "7b")],
)
def test_an_end_may_be_an_endpoints_name(text: str, name: str) -> None:
    asked = connection(f"{text} -> {text} tcp/80")
    assert isinstance(asked.left, tree.Text) and isinstance(asked.right, tree.Text)
    assert asked.left.value == asked.right.value == name
    assert (asked.left.span.start, asked.left.span.end) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "CPC118", (0, 0)),
        ("web orders", "CPC103", (4, 10)),
        ("web -> ", "CPC118", (5, 6)),
        ("web -> db tcp/80 : deny", "CPC100", (17, 18)),
        ("web -> db 80", "CPC117", (10, 12)),
        ("web, db -> db", "CPC109", (3, 4)),
        ("web -> db tcp/80, udp/53", "CPC109", (16, 17)),
        ("not " * 300 + "a -> b", "CPC116", (0, 1206)),
        ('web -> db tcp/80 GET "/" # why', "CPC100", (25, 26)),
    ],
)
def test_mistakes_have_a_code_and_a_place(text: str, code: str, place: tuple[int, int]) -> None:
    found, problems = parse_connection(SourceFile("connection", text))
    assert found is None
    assert [(d.code, d.span and (d.span.start, d.span.end)) for d in problems] == [(code, place)]
