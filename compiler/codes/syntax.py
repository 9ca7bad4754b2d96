"""Pages of CPC1xx: syntax."""

from cpc.compiler.codes.page import Page

__all__ = ["SYNTAX"]

SYNTAX: tuple[Page, ...] = ()
