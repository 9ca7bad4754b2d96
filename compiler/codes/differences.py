"""Pages of CPC25x: policies that are compared."""

from cpc.compiler.codes.page import Page

__all__ = ["DIFFERENCES"]

DIFFERENCES: tuple[Page, ...] = (
    Page(
        "CPC250",
        "there is no such file or revision",
        "A side of `cpc diff` is a file, a folder, `-` for standard input, or `REV:path`: a file or folder of "
        "this git repository as it was at a revision. No file has this name, and git knows no such "
        "revision here.",
        "cpc diff mian:policies policies",
        "cpc diff main:policies policies",
    ),
    Page(
        "CPC251",
        "the revision has no such path",
        "Git knows the revision, and there was nothing with this path at the time. A path is counted from the "
        "top of the repository; with `./` in front, from the current folder.",
        "cpc diff main:shop.cil policies/shop.cil",
        "cpc diff main:policies/shop.cil policies/shop.cil",
    ),
    Page(
        "CPC252",
        "perhaps these are not all differences",
        "The search was stopped, for it took too long or an expression has too many alternatives. Each "
        "difference that is shown is one, but there may be more, so the policies are never called equal, and "
        "one is not called wider.",
        "cpc diff old.cil new.cil",
        "cpc diff old/web.cil new/web.cil",
    ),
)
