"""What clang and its absence mean for the user: CPC501 to CPC506."""

import re
from collections.abc import Sequence

from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError

__all__ = ["broken", "missing", "rejected", "too_old", "too_slow"]

_INSTALL = "install one: `apt-get install clang-19`, or name one in `CPC_CLANG`"
_ERROR = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<text>.*)$", re.MULTILINE
)
_RULE = re.compile(r"^\s*/\* (?P<rule>.+ \(.+:\d+\)) \*/$")
_HEADER = re.compile(r"'(?P<header>(?:asm|linux|bpf)/[^']+)' file not found")
_SHOWN = 3


def missing(names: Sequence[str]) -> InputError:
    """No clang on the path."""
    tried = ", ".join(f"`{name}`" for name in names)
    return InputError(
        error("CPC501", "clang is not found", notes=(f"tried {tried}",), help=_INSTALL)
    )


def too_old(path: str, version: str, minimum: int) -> InputError:
    """A clang that does not know what is needed."""
    message = f"`{path}` is too old: clang {minimum} or newer is needed"
    return InputError(error("CPC502", message, notes=(f"it says `{version}`",), help=_INSTALL))


def broken(path: str, why: str) -> InputError:
    """A clang that cannot be used."""
    return InputError(error("CPC503", f"`{path}` does not work: {why}", help=_INSTALL))


def too_slow(path: str, seconds: float) -> InputError:
    """A clang that did not end."""
    return InputError(
        error(
            "CPC506",
            f"`{path}` did not end within {seconds:g} seconds",
            help="split the policy, or give fewer rules ports of their own",
        )
    )


def rejected(path: str, status: int, said: str, source: str) -> InputError:
    """A compile that failed, with clang's first errors and the rule whose code they are in."""
    header = _HEADER.search(said)
    if header:
        package = "libbpf-dev" if header["header"].startswith("bpf/") else "linux-libc-dev"
        return InputError(
            error(
                "CPC505",
                f"the header `{header['header']}` is not found",
                help=f"`apt-get install {package}`",
            )
        )
    if "unable to create target" in said or "unknown target CPU" in said:
        return broken(path, "it was built without what BPF needs")
    errors = list(_ERROR.finditer(said))
    notes = [f"{e['file']}:{e['line']}: {e['text']}" for e in errors[:_SHOWN]]
    if not errors:
        notes = [line for line in said.splitlines() if line.strip()][:_SHOWN]
        notes.append(f"it ended with status {status}")
    near = next((rule for e in errors if (rule := _nearest_rule(source, e))), None)
    if near:
        notes.append(f"in the code of `{near}`")
    return InputError(
        error(
            "CPC504",
            "clang refuses the generated code",
            notes=tuple(notes),
            help="this is a fault of cpc or of this clang: report it with the output of "
            "`cpc compile --emit c`, and try clang-19",
        )
    )


def _nearest_rule(source: str, found: re.Match[str]) -> str | None:
    """The rule in the last comment before an error in the generated file."""
    if not found["file"].endswith("policy.bpf.c"):
        return None
    lines = source.splitlines()[: int(found["line"])]
    return next((match["rule"] for line in reversed(lines) if (match := _RULE.match(line))), None)
