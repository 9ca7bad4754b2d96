"""Pages of CPC24x: questions about connections, and what a policy's tests find."""

from cpc.compiler.codes.page import Page

__all__ = ["QUESTIONS"]

QUESTIONS: tuple[Page, ...] = (
    Page(
        "CPC243",
        "no endpoint has this name",
        "A text, or two names with a `/` between them, as an end of a connection is the name of an endpoint of "
        "the inventory. The names of definitions stand bare; labels stand between braces, and are about "
        "any endpoint that has them.",
        "cpc trace policy.cil 'shop/web-1 -> db tcp/5432'",
        "cpc trace policy.cil 'shop/web-1 -> db tcp/5432' --inventory pods.yaml",
    ),
    Page(
        "CPC244",
        "there is no such connection",
        "`cpc trace` and `cpc why` are about one connection: a client, a server, and what is asked for. "
        "Either it says too little, as without a port, or nobody can make it: nobody has what its ends ask "
        "for, both ends are one, or their addresses are of different families.",
        "cpc trace policy.cil 'web -> db'",
        "cpc trace policy.cil 'web -> db tcp/5432'",
    ),
)
