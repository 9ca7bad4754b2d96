"""Pages of CPC08x and CPC09x: the command line itself."""

from cpc.compiler.codes.page import Page

__all__ = ["USAGE"]

USAGE: tuple[Page, ...] = (
    Page(
        "CPC080",
        "the command line could not be understood",
        "A command, an option or an argument is missing, unknown, or has a value that it cannot "
        "have. Nothing was read and nothing was changed.",
        "cpc chekc policy.cil",
        "cpc check policy.cil",
    ),
    Page(
        "CPC081",
        "the answer could not be written",
        "Standard output is closed, or the disk behind it is full. An answer that is cut short "
        "could be taken for the whole answer, so this is an error even when the work itself went "
        "well.",
        "cpc check --format json policy.cil > /dev/full",
        "cpc check --format json policy.cil > findings.json",
    ),
    Page(
        "CPC082",
        "there is nothing of this name to explain",
        "`cpc explain` takes a code such as `CPC203`, or the name of a rule or definition together "
        "with the policy files that hold it.",
        "cpc explain CPC2033",
        "cpc explain CPC203",
    ),
    Page(
        "CPC083",
        "a file could not be written",
        "cpc writes a file beside its target first and renames it into place, so the folder must "
        "exist and be writable. The old file, if there was one, is unchanged.",
        "cpc compile policy.cil -o /missing/shop.cpc",
        "cpc compile policy.cil -o shop.cpc",
    ),
    Page(
        "CPC084",
        "a file is already there",
        "`cpc init` never overwrites: what is there may be the only copy.",
        "cpc init .        # where policy.cil exists",
        "cpc init fresh",
    ),
    Page(
        "CPC085",
        "the settings cannot be used",
        "`cpc.toml`, in the current folder or one around it, says which rules of `cpc check` speak and what "
        "makes a run fail. A key or a value in it is unknown or has another form, or it is not TOML. A "
        "setting that is ignored could silence what somebody relies on, so nothing is checked.",
        '[check]\nfail-levle = "error"',
        '[check]\nfail-level = "error"',
    ),
    Page(
        "CPC086",
        "a baseline cannot be used",
        "The file is not one that `cpc check --update-baseline` wrote, or it is of another version. What it "
        "accepts is not known, so nothing is.",
        "cpc check --baseline policy.cil policy.cil",
        "cpc check --baseline baseline.json policy.cil",
    ),
    Page(
        "CPC099",
        "internal error",
        "A promise between two parts of cpc is broken, or a case was not foreseen. This is never "
        "the fault of the input. Run the command again with `-v` and report the traceback with the "
        "policy, or a smaller one that shows the same.",
    ),
)
