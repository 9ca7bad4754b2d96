"""Interfaces and their two hooks."""

import socket
from enum import StrEnum

from msgspec import Struct

from cpc.compiler.diagnostics import error, suggest
from cpc.compiler.errors import InputError
from cpc.runtime.bpf import TCX_EGRESS, TCX_INGRESS

__all__ = ["HOOKS", "Hook", "Side", "interface_index"]


class Side(StrEnum):
    """Which of an endpoint's two hooks: what it sends, or what comes to it."""

    FROM = "from"
    TO = "to"


class Hook(Struct, frozen=True):
    """Where one program of the object goes; `swap` stands there while it is replaced."""

    side: Side
    program: str
    swap: str
    attach: int


HOOKS = (
    Hook(Side.FROM, "cpc_from_endpoint", "cpc_swap_ingress", TCX_INGRESS),
    Hook(Side.TO, "cpc_to_endpoint", "cpc_swap_egress", TCX_EGRESS),
)


def interface_index(name: str, endpoint: str) -> int:
    """The number of an interface of this network namespace; InputError (CPC605) where there is none."""
    try:
        return socket.if_nametoindex(name)
    except OSError as missing:
        near = suggest(name, [known for _, known in socket.if_nameindex()])
        guess = f"did you mean `{near}`?" if near else "`ip link` shows the interfaces"
        raise InputError(
            error(
                "CPC605",
                f"no interface `{name}` for endpoint `{endpoint}` in this network namespace",
                help=guess,
            )
        ) from missing
