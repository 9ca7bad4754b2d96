"""Sets of requests: covers and overlaps against single requests, with each request that is shown replayed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpc.compiler.policy.characters import ExpressionError
from cpc.compiler.policy.expression_parser import parse_expression
from cpc.compiler.policy.flow import (
    DnsQuery,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Opaque,
    Request,
)
from cpc.compiler.policy.kafka import ROLES
from cpc.compiler.policy.model import (
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    KafkaMatch,
    Matcher,
)
from cpc.compiler.policy.requests import TOPICLESS_API_KEYS, plain_host, request_matches
from cpc.compiler.verify.languages.carried import What, carried
from cpc.compiler.verify.languages.common import common_request
from cpc.compiler.verify.languages.language import Language, expression_language
from cpc.compiler.verify.languages.limits import STATE_LIMIT, TooLarge
from cpc.compiler.verify.languages.requests import Covered, Matchers, RequestSpace, Uncovered
from cpc.compiler.verify.languages.samples import sample_request, sample_text
from tests.policy.request_strategies import PROTOCOLS, l7_matches, requests
from tests.verify.languages.expression_strategies import expressions

SPACE = RequestSpace()


def http(
    method: str | None = None,
    path: str | None = None,
    host: str | None = None,
    *headers: HeaderMatch,
    any_query: bool = False,
) -> HttpMatch:
    return HttpMatch(method, path, host, headers, any_query)


def short(method: str, path: str) -> HttpMatch:
    return http(method, path, any_query=True)


def matched(matchers: Matchers, request: Request) -> bool:
    return any(request_matches(m, request) for m in matchers)


def can_be_carried(request: Request) -> bool:
    """What `carried.py` says of whole requests, once more."""

    def fits(what: What, text: str) -> bool:
        allowed = not set(text) & set("\0\r\n") or what not in (What.PATH, What.HEADER)
        return allowed and carried(what).automaton.accepts(text)

    match request:
        case HttpRequest(method, path, host, headers):
            names = {n for n, _ in headers}
            joined = [",".join(v for name, v in headers if name == n) for n in names]
            return (
                fits(What.METHOD, method)
                and fits(What.PATH, path)
                and fits(What.HOST, plain_host(host))
                and all(fits(What.HEADER, value) for value in joined)
            )
        case KafkaRequest(elements):
            return all(
                e.topic is None or (e.topic != "" and e.api_key not in TOPICLESS_API_KEYS)
                for e in elements
            )
        case DnsQuery(name):
            return fits(What.NAME, name)
        case Opaque():
            return False


def check(wanted: Matchers, by: list[Matchers], samples: list[Request]) -> None:
    """Everything that an answer says of some requests."""
    answer = SPACE.covered(wanted, by)
    match answer:
        case Uncovered(request):
            assert can_be_carried(request)
            assert matched(wanted, request)
            assert not any(matched(group, request) for group in by)
        case Covered(groups):
            for request in samples:
                if can_be_carried(request) and matched(wanted, request):
                    assert any(matched(by[n], request) for n in groups), request
        case TooLarge():
            raise AssertionError(str(answer))


_EXTRA: dict[str, tuple[Matcher, ...]] = {
    "http": (
        http("POST", "/pkg[.]Shop/[^/]*"),
        http(None, "/a.*", ".*[.]"),
        http(None, None, None, HeaderMatch("x-id", "~", "[0-9]*"), HeaderMatch("x-id", "present")),
        http(None, None, None, HeaderMatch("x-id", "~", ".*7"), HeaderMatch("x-id", "~", "8.*")),
        GrpcMatch("a", None),
    ),
    "grpc": (http("POST"), http("POST", "/pkg[.]Shop/(Buy|Sell)"), http()),
    "kafka": (KafkaMatch(None, None, None, None), KafkaMatch(frozenset({3, 18}), 0, None, "o*")),
    "dns": (DnsMatch("**.com"), DnsMatch("*-*"), DnsMatch("**.example.com")),
}


def _matchers(protocol: str) -> st.SearchStrategy[Matchers]:
    drawn = l7_matches(protocol).map(lambda part: part.matchers)
    return st.one_of(drawn, drawn, st.sampled_from(_EXTRA[protocol]).map(lambda one: (one,)))


_questions = st.sampled_from(PROTOCOLS).flatmap(
    lambda protocol: st.tuples(
        _matchers(protocol),
        st.lists(_matchers(protocol), max_size=4),
        st.lists(requests(protocol), min_size=5, max_size=10),
    )
)


@given(_questions)
@settings(max_examples=300)
def test_what_covers_and_what_does_not(
    question: tuple[Matchers, list[Matchers], list[Request]],
) -> None:
    check(*question)


@given(_questions)
@settings(max_examples=300)
def test_overlaps_are_shared_requests(
    question: tuple[Matchers, list[Matchers], list[Request]],
) -> None:
    first, others, samples = question
    for second in others:
        found = SPACE.overlap(first, second)
        assert not isinstance(found, TooLarge)
        assert (found is None) == (SPACE.overlap(second, first) is None)
        if found is not None:
            assert can_be_carried(found) and matched(first, found) and matched(second, found)
        else:
            for request in samples:
                both = matched(first, request) and matched(second, request)
                assert not (both and can_be_carried(request))


@given(expressions)
@settings(max_examples=300)
def test_a_sample_is_matched(expression: str) -> None:
    try:
        tree = parse_expression(expression)
    except ExpressionError:
        return
    text = sample_text(tree)
    language = expression_language(expression)
    assert isinstance(language, Language)
    if text is not None:
        assert language.automaton.accepts(text), text


@given(_questions)
@settings(max_examples=300)
def test_sample_requests_are_matched(
    question: tuple[Matchers, list[Matchers], list[Request]],
) -> None:
    for matcher in question[0]:
        found = sample_request(matcher, STATE_LIMIT)
        if found is not None:
            assert can_be_carried(found) and request_matches(matcher, found)


@given(_questions)
@settings(max_examples=300)
def test_a_common_request_is_matched_by_every_group(
    question: tuple[Matchers, list[Matchers], list[Request]],
) -> None:
    first, others, samples = question
    groups = (first, *others)
    found = common_request(groups)
    assert not isinstance(found, TooLarge)
    if found is not None:
        assert can_be_carried(found) and all(matched(group, found) for group in groups)
    else:
        for request in samples:
            assert not (can_be_carried(request) and all(matched(g, request) for g in groups))
    if len(groups) == 2:
        assert (found is None) == (SPACE.overlap(*groups) is None)


def test_a_common_request_may_be_longer_than_what_each_asks_for() -> None:
    groups = [(http(None, e),) for e in ("/.*", "/a.*", "/.*b", "/..+")]
    assert common_request(groups) == HttpRequest("GET", "/ab")
    assert common_request([*groups, (http(None, "/[^b]*"), http("PUT"))]) == HttpRequest(
        "PUT", "/ab"
    )
    assert common_request([*groups, (http(None, "/[^b]*"),)]) is None


@given(_questions)
@settings(max_examples=200)
def test_a_matched_request_is_matched(
    question: tuple[Matchers, list[Matchers], list[Request]],
) -> None:
    wanted, _, samples = question
    found = SPACE.matched(wanted)
    assert not isinstance(found, TooLarge)
    if found is None:
        assert not any(can_be_carried(r) and matched(wanted, r) for r in samples)
    else:
        assert can_be_carried(found) and matched(wanted, found)


# --- single facts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "never",
    [
        http(path="api/.*"),
        http(host="Shop"),
        http(method="GET /"),
        http(path="/a\\n"),
        short("GET", "/a\\?x=1"),
        http(path="/a[^\\x{0}-\\x{10ffff}]"),
        http(None, None, None, HeaderMatch("x", "=", " padded")),
        http(None, None, None, HeaderMatch("x", "=", "a"), HeaderMatch("X", "~", "b*")),
        DnsMatch("a..b"),
        DnsMatch("Upper.example"),
        KafkaMatch(frozenset(), None, None, None),
    ],
)
def test_matchers_that_no_request_matches(never: Matcher) -> None:
    assert SPACE.matched((never,)) is None
    assert SPACE.covered((never,), []) == Covered(())
    assert SPACE.overlap((never,), (http(), DnsMatch("*"))) is None


@pytest.mark.parametrize(
    ("wanted", "by", "groups"),
    [
        (short("GET", "/a"), [http("GET|HEAD", "/a(\\?.*)?")], (0,)),
        (http("GET"), [http("POST"), http("GET", "/.*")], (1,)),
        (
            http(path="/.*"),
            [http("GET"), http(path="/a.*"), http("[^G].*"), http("G.*")],
            (0, 1, 2, 3),
        ),
        (GrpcMatch("p.S", "Get"), [http("POST", "/p[.]S/.*")], (0,)),
        (http("POST", "/p\\.S/(A|B)"), [GrpcMatch("p.S", "A"), GrpcMatch("p.S", "B")], (0, 1)),
        (DnsMatch("*.example.com"), [DnsMatch("**.example.com")], (0,)),
        (
            http(None, None, None, HeaderMatch("x", "=", "a")),
            [http(None, None, None, HeaderMatch("x", "~", "a|b"))],
            (0,),
        ),
        (
            KafkaMatch(ROLES["consume"], None, None, "orders*"),
            [
                KafkaMatch(ROLES["consume"] & TOPICLESS_API_KEYS, None, None, None),
                KafkaMatch(None, None, None, "o*"),
            ],
            (1,),
        ),
    ],
)
def test_covers(wanted: Matcher, by: list[Matcher], groups: tuple[int, ...]) -> None:
    answer = SPACE.covered((wanted,), [(m,) for m in by])
    assert isinstance(answer, Covered)
    assert set(answer.groups) <= set(range(len(by)))
    assert SPACE.covered((wanted,), [(by[n],) for n in groups]) == Covered(
        tuple(range(len(groups)))
    )


@pytest.mark.parametrize(
    ("wanted", "by", "request_"),
    [
        (http(), [http("GET"), http("POST")], HttpRequest("PUT", "/")),
        (
            http("GET", "/api/.*"),
            [short("GET", "/api/v[0-9]+/.*"), http(None, "/api/[^v]*")],
            HttpRequest("GET", "/api/v"),
        ),
        (
            http("GET|POST|PUT"),
            [http("GET"), http("POST"), http("PUT", "/a.*"), http("PUT|GET", "/.+")],
            HttpRequest("PUT", "/"),
        ),
        (short("GET", "/a"), [http("GET", "/a")], HttpRequest("GET", "/a?")),
        (
            http(),
            [http(None, None, None, HeaderMatch("X-Tenant", "present"))],
            HttpRequest("GET", "/"),
        ),
        (
            http(None, None, None, HeaderMatch("X-Tenant", "present")),
            [http(None, None, None, HeaderMatch("x-tenant", "~", "[a-z]*"))],
            HttpRequest("GET", "/", "", (("x-tenant", "0"),)),
        ),
        (http(None, None, ".*[.]"), [], HttpRequest("GET", "/", "..")),
        (http(None, None, "a:[0-9]+"), [], HttpRequest("GET", "/", "a:0:80")),
        (DnsMatch("*"), [DnsMatch("**.com")], DnsQuery("")),
        (
            KafkaMatch(frozenset({0, 18}), None, None, "a*"),
            [KafkaMatch(frozenset({18}), None, None, None), KafkaMatch(None, None, "x", None)],
            KafkaRequest((KafkaElement(0, 0, "", "a"),)),
        ),
        (
            KafkaMatch(frozenset({0}), None, None, None),
            [KafkaMatch(frozenset({0}), None, None, "*")],
            KafkaRequest((KafkaElement(0, 0, "", None),)),
        ),
    ],
)
def test_requests_that_are_not_covered(
    wanted: Matcher, by: list[Matcher], request_: Request
) -> None:
    groups: list[Matchers] = [(m,) for m in by]
    check((wanted,), groups, [])
    assert SPACE.covered((wanted,), groups) == Uncovered(request_)


def test_protocols_that_share_nothing() -> None:
    assert SPACE.overlap((http(),), (DnsMatch("*"),)) is None
    assert SPACE.overlap((KafkaMatch(None, None, None, None),), (DnsMatch("*"),)) is None
    assert isinstance(SPACE.covered((DnsMatch("*"),), [(http(),)]), Uncovered)


# --- what is too large -------------------------------------------------------------------------

_LARGE = "/.*x.{20}"


def test_what_is_too_large_is_named() -> None:
    large = f"{_LARGE}$"
    answer = RequestSpace(500).matched((http(path=large),))
    assert answer == TooLarge((large,), 500)
    assert str(answer) == f"`{large}` needs more than 500 states"


def test_a_sample_needs_no_automaton() -> None:
    sample = RequestSpace(500).matched((http(path=_LARGE),))
    assert sample == HttpRequest("GET", "/x" + 20 * "a")


def test_what_is_too_large_counts_only_where_it_could_change_the_answer() -> None:
    space = RequestSpace(500)
    large = (http(path=_LARGE),)
    assert space.covered((http(path="/a"),), [large, (http(),)]) == Covered((1,))
    assert space.covered((http(path="/a"),), [large]) == Uncovered(HttpRequest("GET", "/a"))
    assert space.covered((http(path="/x{21}"),), [large]) == TooLarge((_LARGE,), 500)
    assert space.covered((*large, http()), [large]) == Uncovered(HttpRequest("GET", "/"))
    assert space.covered(large, [large]) == Covered((0,))
    assert space.overlap(large, large) == TooLarge((_LARGE,), 500)


def test_many_headers_are_one_question_or_too_large() -> None:
    def present(n: int) -> Matchers:
        return (http(None, None, None, HeaderMatch(f"x-{n}", "present")),)

    assert SPACE.covered((http(),), [present(n) for n in range(100)]) == Uncovered(
        HttpRequest("GET", "/")
    )
    answer = SPACE.covered((http(),), [present(n) for n in range(1000)])
    assert isinstance(answer, TooLarge)
