"""Selectors, keys and verdicts in words: short, stable, the same for equal values."""

from typing import assert_never

from cpc.compiler.policy.model import (
    AllOf,
    AnyOf,
    Cidr,
    EndpointTerm,
    EntityTerm,
    Everything,
    Fqdn,
    Has,
    In,
    LabelExpr,
    NamedPort,
    Not,
    Protocol,
    Selector,
    ServiceTerm,
    Term,
)

__all__ = ["key_words", "selector_words", "term_words"]


def _expr(expr: LabelExpr) -> str:
    match expr:
        case Everything():
            return "true"
        case Has(key):
            return str(key)
        case In(key, values):
            return f"{key} in ({', '.join(values)})"
        case Not(operand):
            return f"not {_expr(operand)}"
        case AllOf(operands):
            return "(" + " and ".join(_expr(o) for o in operands) + ")"
        case AnyOf(operands):
            return "(" + " or ".join(_expr(o) for o in operands) + ")"
        case _:
            assert_never(expr)


def term_words(term: Term) -> str:
    """One term of a selector."""
    match term:
        case EndpointTerm(expr):
            return f"{{{_expr(expr)}}}"
        case EntityTerm(entity):
            return str(entity)
        case Cidr(network, excepts, scope_any):
            words = f"any {network}" if scope_any else str(network)
            return words + "".join(f" except {e}" for e in excepts)
        case Fqdn(patterns):
            return f"fqdn ({', '.join(patterns)})"
        case ServiceTerm(name):
            return f"service {name}"
        case NamedPort(inner, name, protocol, port):
            return f"{term_words(inner)} with {name}={_protocol(protocol)}/{port}"
        case _:
            assert_never(term)


def selector_words(selector: Selector) -> str:
    """A selector: its terms, joined by commas."""
    return ", ".join(term_words(term) for term in selector)


def _protocol(number: int) -> str:
    try:
        return Protocol(number).name.lower()
    except ValueError:
        return f"proto-{number}"


def key_words(key: int) -> str:
    """A service key as `protocol/port`."""
    protocol, port = key >> 16, key & 0xFFFF
    if protocol >= 0x100:
        return f"foreign-{_protocol(protocol - 0x100)}/{port}"
    return f"{_protocol(protocol)}/{port}"
