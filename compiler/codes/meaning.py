"""Pages of CPC3xx: names, types and values."""

from cpc.compiler.codes.page import Page

__all__ = ["MEANING"]

MEANING: tuple[Page, ...] = ()
