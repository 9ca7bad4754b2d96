"""Pages of CPC4xx: what this version or target cannot enforce."""

from cpc.compiler.codes.page import Page

__all__ = ["ENFORCE"]

ENFORCE: tuple[Page, ...] = ()
