"""Options and arguments that several commands take."""

from enum import StrEnum
from typing import Annotated

import typer

from cpc.compiler.commands.terminal import Color
from cpc.compiler.exports.kinds import Kind
from cpc.compiler.report import Format

__all__ = [
    "ColorOption",
    "Emit",
    "FormatOption",
    "IncludeOption",
    "InstanceOption",
    "InventoryOption",
    "JsonOption",
    "KindOption",
    "Listing",
    "ParamOption",
    "PolicyFiles",
    "ReportFormatOption",
    "TargetOption",
    "TimingsOption",
    "VerboseOption",
]


class Emit(StrEnum):
    """One part of what `compile` makes."""

    C = "c"
    IR = "ir"
    OBJECT = "object"
    MANIFEST = "manifest"


class Listing(StrEnum):
    """A form in which `connectivity` lists connections."""

    TXT = "txt"
    JSON = "json"
    CSV = "csv"


FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format", metavar="[pretty|concise|json]", help="How diagnostics and answers look."
    ),
]
ReportFormatOption = Annotated[
    Format | None, typer.Option("--format", help="How findings look, or for what.")
]
ColorOption = Annotated[
    Color | None, typer.Option("--color", help="When to colour; NO_COLOR is honoured.")
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more: tracebacks, tool and kernel logs.")
]
TimingsOption = Annotated[
    bool, typer.Option("--timings", help="Show what the time went to: ours, z3, clang.")
]
PolicyFiles = Annotated[list[str], typer.Argument(metavar="FILE...", help="Policy files.")]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Set a `param` of the policy."),
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option("-I", "--include", metavar="DIR", help="Look for included files here too."),
]
InventoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--inventory",
        metavar="FILE",
        help="The endpoints there are, or manifests, or a folder of them; may be repeated.",
    ),
]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="KERNEL", help="Kernel to compile for, as 6.18.")
]
KindOption = Annotated[Kind, typer.Option("--kind", help="What the objects are.")]
InstanceOption = Annotated[
    str, typer.Option("--instance", metavar="NAME", help="Which loaded policy of this machine.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
