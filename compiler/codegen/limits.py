"""Whether an object keeps to what its target kernel has: found here, not at load time."""

import struct
from collections.abc import Iterable, Iterator
from io import BytesIO

from cpc.compiler.codegen.targets import Target
from cpc.compiler.diagnostics import error
from cpc.compiler.errors import InputError, InternalError

__all__ = ["check_limits"]

_CALL = 0x85
_EXECUTABLE = 0x4
_INSTRUCTION = struct.Struct("<BBhi")


def check_limits(object_: bytes, target: Target) -> None:
    """InputError (CPC508) where a program may get too large for the kernel to look at.

    A helper that the target lacks is our fault: the library of headers is written for all of them.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    try:
        elf = ELFFile(BytesIO(object_))
        sections = list(elf.iter_sections())
        code = {
            number: bytes(section.data())
            for number, section in enumerate(sections)
            if section["sh_flags"] & _EXECUTABLE and section["sh_type"] == "SHT_PROGBITS"
        }
        called = {number for number in code if sections[number].name == ".text"}
        functions = sum(
            symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] in called
            for table in sections
            if isinstance(table, SymbolTableSection)
            for symbol in table.iter_symbols()
        )
    except ELFError as failure:
        raise InternalError(f"clang's object is not read: {failure}") from failure
    for helper in _helpers(code.values()):
        if helper > target.last_helper:
            raise InternalError(f"helper {helper} is newer than kernel {target.name}")
    shared = sum(len(code[number]) // 8 for number in called)
    own = max((len(data) // 8 for number, data in code.items() if number not in called), default=0)
    _within("instructions", shared + own, target.instructions, target)
    _within("functions", functions + 1, target.functions, target)


def _within(what: str, count: int, limit: int, target: Target) -> None:
    if count > limit:
        raise InputError(
            error(
                "CPC508",
                f"the policy needs {count} {what} in one program, kernel {target.name} takes {limit}",
                help="split the policy, or give fewer rules ports of their own",
            )
        )


def _helpers(sections: Iterable[bytes]) -> Iterator[int]:
    """The number of every helper that is called; calls of our own functions have a source register."""
    for code in sections:
        for operation, registers, _, immediate in _INSTRUCTION.iter_unpack(code):
            if operation == _CALL and registers >> 4 == 0:
                yield immediate
