"""Random request parts of rules, and requests that match them often enough to matter."""

from itertools import combinations

from hypothesis import strategies as st

from cpc.compiler.policy.flow import (
    OPAQUE,
    DnsQuery,
    HttpRequest,
    KafkaElement,
    KafkaRequest,
    Request,
)
from cpc.compiler.policy.model import (
    DnsMatch,
    GrpcMatch,
    HeaderMatch,
    HttpMatch,
    KafkaMatch,
    L7Match,
    Matcher,
)

__all__ = ["PROTOCOLS", "independent_matches", "l7_matches", "requests", "universe"]

PROTOCOLS = ("http", "grpc", "kafka", "dns")

_METHODS = ("GET", "POST", "get", "GETS")
_PATHS = ("/", "/a", "/b", "/ab", "/api/v1/items", "/api/v1/items/7", "/a?x=1", "/a?", "/a\n", "")
_HOSTS = ("shop.example", "SHOP.example.:80", "[::1]:80", "[::1]", "x", "")
_HEADERS = (
    (),
    (("x-tenant", "shop"),),
    (("x-tenant", "shop"), ("x-tenant", "bank")),
    (("x-tenant", ""), ("x-id", "7")),
)
_header_matches = st.builds(
    HeaderMatch,
    st.sampled_from(("X-Tenant", "x-id")),
    st.sampled_from(("present", "=", "~")),
    st.sampled_from(("shop", "shop,bank", "[0-9]+", "")),
)
_headers = st.lists(_header_matches, max_size=2).map(tuple)
_http: st.SearchStrategy[Matcher] = st.builds(
    HttpMatch,
    st.sampled_from((None, "GET", "GET|POST", "G.*")),
    st.sampled_from((None, "/", "/a|/b", "/api/v[0-9]+/items(/.*)?", "/a.*", ".*", "/a$")),
    st.sampled_from((None, None, "shop[.]example", r"\[::1\]", ".+")),
    _headers,
    st.booleans(),
)

_CALLS = ("/pkg.Shop/Buy", "/pkg.Shop/Sell", "/pkg.Shop/", "/pkg.Shop", "/pkg.Shop/Buy/x", "/a/b")
_grpc: st.SearchStrategy[Matcher] = st.builds(
    GrpcMatch,
    st.sampled_from(("pkg.Shop", "a")),
    st.sampled_from((None, "Buy", "b")),
    _headers,
)

_KEYS = (0, 1, 3, 11, 18, 29, 32, 58, 93, 400)
_TOPICS = ("orders", "orders.eu", "audit", "")
_kafka: st.SearchStrategy[Matcher] = st.builds(
    KafkaMatch,
    st.one_of(
        st.none(), st.just(frozenset({0, 3, 18})), st.frozensets(st.sampled_from(_KEYS), max_size=3)
    ),
    st.sampled_from((None, None, 0, 7)),
    st.sampled_from((None, None, "etl")),
    st.sampled_from((None, "orders", "orders*", "*", "audit")),
)
_elements = st.builds(
    KafkaElement,
    st.sampled_from(_KEYS),
    st.sampled_from((0, 7)),
    st.sampled_from(("etl", "")),
    st.one_of(st.none(), st.sampled_from(_TOPICS)),
)

_NAMES = (
    "example.com",
    "api.example.com",
    "a.b.example.com",
    "example-com",
    ".example.com",
    "",
    "com",
)
_dns: st.SearchStrategy[Matcher] = st.builds(
    DnsMatch,
    st.sampled_from(
        ("*", "*.example.com", "example.com", "a*.example.com", "*.*.example.com", "**")
    ),
)

_FREE = ("a", "b", "c")

_MATCHERS = {"http": _http, "grpc": _grpc, "kafka": _kafka, "dns": _dns}


def l7_matches(protocol: str) -> st.SearchStrategy[L7Match]:
    """Request parts of one protocol, with one to three matchers."""
    matchers = st.lists(_MATCHERS[protocol], min_size=1, max_size=3).map(tuple)
    return st.builds(L7Match, st.just(protocol), matchers)


_calls = st.builds(
    HttpRequest, st.sampled_from(("POST", "GET")), st.sampled_from(_CALLS), st.just(""),
    st.sampled_from(_HEADERS),
)  # fmt: skip
_REQUESTS: dict[str, st.SearchStrategy[Request]] = {
    "http": st.builds(
        HttpRequest,
        st.sampled_from(_METHODS),
        st.sampled_from(_PATHS),
        st.sampled_from(_HOSTS),
        st.sampled_from(_HEADERS),
    ),
    "grpc": _calls,
    "kafka": st.builds(KafkaRequest, st.lists(_elements, min_size=1, max_size=3).map(tuple)),
    "dns": st.builds(DnsQuery, st.sampled_from(_NAMES)),
}


def requests(protocol: str) -> st.SearchStrategy[Request]:
    """Requests of the protocol, seldom opaque bytes or a request of another protocol."""
    own = _REQUESTS[protocol]
    return st.one_of(own, own, own, own, st.just(OPAQUE), st.one_of(*_REQUESTS.values()))


independent_matches: st.SearchStrategy[L7Match] = st.lists(
    st.sampled_from(_FREE).map(
        lambda name: HttpMatch(None, None, None, (HeaderMatch(name, "present"),))
    ),
    min_size=1,
    max_size=2,
    unique=True,
).map(lambda matchers: L7Match("http", tuple(matchers)))
"""Request parts of which a request may match any set: each asks for one header."""


def universe() -> list[Request]:
    """Opaque bytes, and a request for every set of what `independent_matches` asks for."""
    sets = (names for n in range(len(_FREE) + 1) for names in combinations(_FREE, n))
    return [OPAQUE, *(HttpRequest("GET", "/", "", tuple((h, "") for h in s)) for s in sets)]
