"""The structs of runtime/maps.py against the types that clang wrote into the object."""

from collections.abc import Iterator
from io import BytesIO
from struct import Struct

import pytest
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

from cpc.runtime import maps
from tests.kernel.stage import WORDS

pytestmark = pytest.mark.clang


@pytest.fixture(scope="module")
def structs(stub: bytes) -> dict[str, DIE]:
    """Every struct with a name, from the object's debug information."""
    dwarf = ELFFile(BytesIO(stub)).get_dwarf_info()
    return {
        die.attributes["DW_AT_name"].value.decode(): die
        for unit in dwarf.iter_CUs()
        for die in unit.iter_DIEs()
        if die.tag == "DW_TAG_structure_type" and "DW_AT_name" in die.attributes
    }


def offsets(die: DIE) -> Iterator[int]:
    for child in die.iter_children():
        if child.tag == "DW_TAG_member":
            yield child.attributes["DW_AT_data_member_location"].value


def fields(layout: Struct) -> list[int]:
    """Where each field of a struct format starts."""
    starts, at = [], 0
    text = layout.format.lstrip("=")
    number = ""
    for letter in text:
        if letter.isdigit():
            number += letter
            continue
        count = int(number or 1)
        repeat = 1 if letter == "s" else count
        for _ in range(repeat):
            starts.append(at)
            at += Struct(f"={count if letter == 's' else ''}{letter}").size
        number = ""
    assert at == layout.size
    return starts


@pytest.mark.parametrize(
    ("name", "layout", "rest"),
    [
        ("cpc_prefix4", maps.PREFIX4, 0),
        ("cpc_prefix6", maps.PREFIX6, 0),
        ("cpc_connection_key", maps.CONNECTION_KEY, 0),
        ("cpc_connection", maps.CONNECTION, 0),
        ("cpc_counter", maps.COUNTER, 0),
        ("cpc_event", maps.EVENT, 8 * WORDS),
    ],
)
def test_a_layout(structs: dict[str, DIE], name: str, layout: Struct, rest: int) -> None:
    found = list(offsets(structs[name]))
    if rest:
        assert found.pop() == layout.size
    assert found == fields(layout)
    assert structs[name].attributes["DW_AT_byte_size"].value == layout.size + rest


def test_rows_and_endpoints(structs: dict[str, DIE]) -> None:
    assert list(offsets(structs["cpc_row"])) == [0, 4, 8]
    row = maps.pack_row(7, 1 << 64 | 5, WORDS)
    assert len(row) == structs["cpc_row"].attributes["DW_AT_byte_size"].value
    assert row == Struct("=IIQQ").pack(7, 0, 5, 1)
    size = structs["cpc_endpoint"].attributes["DW_AT_byte_size"].value
    start = 16 + 4 * maps.ADDRESSES
    assert list(offsets(structs["cpc_endpoint"]))[4:] == [16, start, start + 16 * maps.ADDRESSES]
    constant = maps.endpoint_constant(maps.EndpointConstant(1, 2, (), 3), 1)
    assert len(constant) == size
    assert constant[-8:] == Struct("=Q").pack(3)


def test_bits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OverflowError):
        maps.pack_bits(1 << 64, 1)
