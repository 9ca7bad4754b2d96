"""Requests that have given values in their parts, and usual ones in the others."""

from cpc.compiler.errors import InternalError
from cpc.compiler.policy.flow import DnsQuery, HttpRequest, KafkaElement, KafkaRequest, Request
from cpc.compiler.policy.requests import plain_host
from cpc.compiler.verify.languages.boxes import Protocol
from cpc.compiler.verify.languages.carried import What
from cpc.compiler.verify.languages.cover import Point
from cpc.compiler.verify.languages.parts import Value, Where

__all__ = ["request_at"]


def request_at(protocol: Protocol, point: Point) -> Request:
    """A request at a point; a part that is not said is the plainest that can be carried."""
    match protocol:
        case Protocol.HTTP:
            return HttpRequest(
                _text(point, What.METHOD, "GET"),
                _text(point, What.PATH, "/"),
                _sent(_text(point, What.HOST, "")),
                tuple(
                    (where.header, value)
                    for where, value in sorted(point.items(), key=_where)
                    if where.what is What.HEADER and isinstance(value, str)
                ),
            )
        case Protocol.KAFKA:
            return KafkaRequest(
                (
                    KafkaElement(
                        _number(point, What.KEY),
                        _number(point, What.VERSION),
                        _text(point, What.CLIENT, ""),
                        topic if isinstance(topic := point.get(Where(What.TOPIC)), str) else None,
                    ),
                )
            )
        case Protocol.DNS:
            return DnsQuery(_text(point, What.NAME, "example.com"))


def _where(item: tuple[Where, Value]) -> Where:
    return item[0]


def _text(point: Point, what: What, usual: str) -> str:
    value = point.get(Where(what), usual)
    return value if isinstance(value, str) else usual


def _number(point: Point, what: What) -> int:
    value = point.get(Where(what), 0)
    return value if isinstance(value, int) else 0


def _sent(host: str) -> str:
    """What a client sends, so that expressions see `host`: one of `a.` or `a:1` would be read as `a`."""
    for sent in (host, f"{host}:80", f"{host}.", f"{host}.:80"):
        if plain_host(sent) == host:
            return sent
    raise InternalError(f"the host `{host}` cannot be sent")
