"""Random files of the language: whole trees, every statement, names that equal keywords half the time."""

from typing import TypeAlias, TypeVar

from hypothesis import strategies as st

from cpc.compiler.source import Span
from cpc.compiler.syntax import tree
from cpc.compiler.syntax.words import ACTIONS, DIRECTIONS, PROTOCOLS, SERVICE_ITEMS, STATEMENTS

__all__ = ["NOWHERE", "files", "keywords", "names"]

NOWHERE = Span("generated", 0, 0, 1, 1)

T = TypeVar("T")
Strategy: TypeAlias = st.SearchStrategy[T]

keywords = sorted(
    {
        *STATEMENTS,
        *PROTOCOLS,
        *SERVICE_ITEMS,
        *ACTIONS,
        *DIRECTIONS,
        "and",
        "or",
        "not",
        "in",
        "scope",
    }
    | {
        "except",
        "for",
        "by",
        "priority",
        "namespace",
        "log",
        "http",
        "grpc",
        "kafka",
        "dns",
        "weight",
    }
    | {"method", "path", "host", "header", "call", "consume", "produce", "api", "version", "topic"}
    | {
        "client",
        "client-ip",
        "never",
        "always",
        "only",
        "reachable",
        "isolated",
        "admin",
        "redirect",
    }
    | {"GET", "dead", "fd00", "a", "s", "m"}
)
_WORDS = st.sampled_from(keywords) | st.from_regex(
    r"[A-Za-z_][A-Za-z0-9_]{0,4}(-[a-z0-9]{1,3}){0,2}", fullmatch=True
)

names: Strategy[tree.Name] = _WORDS.map(lambda text: tree.Name(text, NOWHERE))
numbers = st.integers(0, 2**32 - 1).map(lambda value: tree.Number(value, NOWHERE))
_CHARACTERS = st.characters(codec="utf-8") | st.sampled_from('"\\\n\t\r#/`{}')
texts = st.text(_CHARACTERS, max_size=8).map(lambda value: tree.Text(value, NOWHERE))
values: Strategy[tree.Value] = st.one_of(texts, numbers, names)
wordings: Strategy[tree.Text | tree.Name] = st.one_of(texts, names)

_DOC_LINE = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=6)
docs = st.just("") | st.lists(_DOC_LINE, min_size=1, max_size=3).map("\n".join).filter(
    lambda doc: doc.strip() != ""
)


def some(strategy: Strategy[T], least: int = 0, most: int = 3) -> Strategy[tuple[T, ...]]:
    """A short tuple."""
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def maybe(strategy: Strategy[T]) -> Strategy[T | None]:
    """Sometimes None."""
    return st.none() | strategy


# --- selectors ---------------------------------------------------------------------------------

_ADDRESSES = [
    *("10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "192.0.2.128/25", "::", "::/0", "::1", "dead::1"),
    *(
        "fd00:96::10",
        "2001:db8:1::/48",
        "::ffff:192.0.2.1",
        "1:2:3:4:5:6:7:8",
        "a::",
        "face:b00c::/32",
    ),
]
literals = st.sampled_from(_ADDRESSES).map(lambda value: tree.Text(value, NOWHERE))


@st.composite
def _terms(draw: st.DrawFn) -> tree.LabelTerm:
    op = draw(st.sampled_from(["exists", "absent", "=", "!=", "in", "not-in"]))
    counts = {"exists": (0, 0), "absent": (0, 0), "=": (1, 1), "!=": (1, 1)}
    return tree.LabelTerm(draw(wordings), op, draw(some(values, *counts.get(op, (1, 3)))), NOWHERE)


labels = some(_terms()).map(lambda terms: tree.Labels(terms, NOWHERE))
cidr_items = st.builds(tree.CidrItem, literals, some(literals, most=2), st.just(NOWHERE))
_items: Strategy[tree.CidrItem | tree.Name] = st.one_of(cidr_items, names)
cidrs = st.builds(tree.CidrRef, some(_items), st.booleans(), st.just(NOWHERE))


def _deeper(inner: Strategy[tree.Expr]) -> Strategy[tree.Expr]:
    here = st.just(NOWHERE)
    return st.one_of(
        st.builds(tree.LabelAnd, inner, inner, here),
        st.builds(tree.LabelOr, inner, inner, here),
        st.builds(tree.LabelNot, inner, here),
    )


_plain: Strategy[tree.Expr] = st.one_of(names, labels, cidrs)
exprs: Strategy[tree.Expr] = st.one_of(names, st.recursive(_plain, _deeper, max_leaves=5))
sides = some(exprs, least=1)

# --- ports and requests ------------------------------------------------------------------------


@st.composite
def port_parts(draw: st.DrawFn) -> tree.PortPart:
    """A protocol with ports, or an ICMP type with its code."""
    protocol = draw(st.sampled_from(PROTOCOLS))
    value: Strategy[tree.Value] = st.one_of(numbers, names)
    single = numbers.map(lambda number: (number, number))
    item: Strategy[tuple[tree.Value, tree.Value] | tree.Text | tree.Name] = st.one_of(
        single, st.tuples(value, value), texts, names
    )
    items = draw(some(item))
    code = draw(maybe(numbers)) if len(items) == 1 else None
    return tree.PortPart(protocol, items, code, NOWHERE)


ports: Strategy[tree.Ports] = st.one_of(names, port_parts())
headers = st.builds(
    lambda name, op, value: tree.Header(name, op, None if op == "present" else value, NOWHERE),
    texts,
    st.sampled_from(["present", "=", "~"]),
    wordings,
)


@st.composite
def http_matchers(draw: st.DrawFn) -> tree.HttpMatcher:
    """Short or long, never with nothing in it."""
    rest = draw(maybe(wordings)), draw(some(headers, most=2)), NOWHERE
    if draw(st.booleans()):
        word = draw(maybe(_WORDS.map(lambda word: tree.Text(word, NOWHERE))))
        return tree.HttpMatcher(True, word, draw(wordings), *rest)
    method, path = draw(maybe(wordings)), draw(maybe(wordings))
    if method is None and path is None and rest[:2] == (None, ()):
        path = draw(wordings)
    return tree.HttpMatcher(False, method, path, *rest)


@st.composite
def kafka_matchers(draw: st.DrawFn) -> tree.KafkaMatcher:
    """With a role or an api or neither; with nothing in it, it is every request."""
    role = draw(st.sampled_from([None, "consume", "produce"]))
    api = draw(maybe(values))
    version = draw(maybe(numbers))
    topic, client = draw(maybe(wordings)), draw(maybe(wordings))
    return tree.KafkaMatcher(role, api, version, topic, client, NOWHERE)


grpc_matchers = st.builds(tree.GrpcMatcher, wordings, some(headers, most=2), st.just(NOWHERE))


def parts(most: int = 3) -> Strategy[tree.L7]:
    """A request part of up to `most` matchers."""
    here = st.just(NOWHERE)
    return st.one_of(
        st.builds(tree.Http, some(http_matchers(), 1, most), here),
        st.builds(tree.Grpc, some(grpc_matchers, 1, most), here),
        st.builds(tree.Kafka, some(kafka_matchers(), 1, most), here),
        st.builds(tree.Dns, some(wordings, 1, most), here),
    )


# --- statements --------------------------------------------------------------------------------

_here = st.just(NOWHERE)
_vips = some(literals)

rules = st.builds(
    tree.Rule,
    staged=st.booleans(),
    direction=maybe(st.sampled_from(DIRECTIONS)),
    action=st.sampled_from(ACTIONS),
    name=maybe(names),
    left=sides,
    right=sides,
    ports=some(ports),
    l7=maybe(parts()),
    log=st.booleans(),
    doc=docs,
    span=_here,
    head=_here,
)
defaults = st.builds(
    tree.Default,
    action=st.sampled_from(["allow", "deny"]),
    directions=st.sampled_from([("ingress",), ("egress",), DIRECTIONS]),
    subjects=sides,
    doc=docs,
    span=_here,
)
audits = st.builds(tree.Audit, sides, st.none(), _here) | st.builds(
    tree.Audit, st.just(()), texts, _here
)
services = st.builds(
    tree.Service,
    name=names,
    vips=_vips,
    ports=some(
        st.builds(tree.ServicePort, port_parts(), st.one_of(numbers, names, texts), _here), most=2
    ),
    backends=some(st.builds(tree.ServiceBackends, exprs, maybe(numbers), _here), most=2),
    balance=maybe(names),
    affinity=maybe(st.integers(0, 10**6)),
    doc=docs,
    span=_here,
)
policies = st.builds(
    tree.Policy,
    staged=st.booleans(),
    name=names,
    namespace=maybe(texts),
    statements=some(st.one_of(rules, defaults, audits)),
    doc=docs,
    span=_here,
)
tiers = st.builds(
    tree.Tier,
    kind=st.sampled_from(["admin", "baseline"]),
    name=maybe(names),
    priority=st.one_of(numbers, names),
    rules=some(rules),
    doc=docs,
    span=_here,
)


@st.composite
def asserts(draw: st.DrawFn) -> tree.Assert:
    """A claim; only `isolated` has one side."""
    kind = draw(st.sampled_from(["never", "always", "only", "reachable", "isolated"]))
    return tree.Assert(
        kind,
        draw(maybe(names)),
        draw(sides),
        () if kind == "isolated" else draw(sides),
        draw(some(ports)),
        draw(maybe(parts(1))),
        draw(docs),
        NOWHERE,
    )


cases = st.builds(
    tree.TestCase,
    left=exprs,
    right=exprs,
    ports=maybe(ports),
    request=maybe(parts(1)),
    verdict=st.sampled_from(["allow", "deny", "redirect"]),
    by=maybe(names),
    span=_here,
)

statements: Strategy[tree.Statement] = st.one_of(
    rules,
    policies,
    tiers,
    services,
    asserts(),
    defaults,
    audits,
    st.builds(tree.Test, texts, maybe(texts), some(cases), docs, _here),
    st.builds(tree.EndpointsDef, names, exprs, docs, _here),
    st.builds(tree.CidrDef, names, cidrs, docs, _here),
    st.builds(tree.FqdnDef, names, some(wordings), docs, _here),
    st.builds(tree.PortDef, names, some(ports, 1), docs, _here),
    st.builds(tree.Const, names, values, docs, _here),
    st.builds(tree.Param, names, maybe(values), docs, _here),
    st.builds(tree.Include, texts, _here),
    st.builds(tree.Mode, st.sampled_from(["default", "always", "never"]), _here),
    st.builds(tree.AllowHost, st.sampled_from(["always", "policy"]), _here),
)

files = some(statements, most=6).map(
    lambda found: tree.File("generated", tree.Number(1, NOWHERE), found, ())
)
"""Whole files in language 1; each equals what its own text parses to."""
