"""While a policy is replaced: one packet, one policy, on every hook that it crosses."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from msgspec import Struct

from cpc.runtime import maps
from cpc.runtime.attach import HOOKS, Hook, Side
from cpc.runtime.bpf import Map, Program, Skb, run
from cpc.runtime.programs import load_swap
from cpc.runtime.reasons import PacketReason as R
from tests.kernel.stage import Stage
from tests.packets import ip

pytestmark = pytest.mark.kernel

OLD, NEW, OTHERS = 0x10000000, 0x20000000, 0x0000ABCD
STAMP = 0x30000000
OUT, BACK = ip("10.0.0.1", "10.0.0.2"), ip("10.0.0.2", "10.0.0.1")


class Swap(Struct, frozen=True):
    """Both hooks while `stage` (allows) is replaced by `stricter` (denies)."""

    epoch: Map
    programs: dict[Side, Program]
    tables: dict[Side, Map]

    def flip(self, epoch: int) -> None:
        self.epoch.update(maps.U32.pack(0), maps.U32.pack(epoch))

    def passes(self, side: Side, mark: int = 0) -> tuple[bool, int]:
        """Whether a UDP packet goes on, and its mark then."""
        packet = OUT.udp(1, 2) if side is Side.FROM else BACK.udp(2, 1)
        ran = run(self.programs[side], packet.frame(), Skb(mark=mark))
        return ran.result == -1, ran.mark


def chosen(stage: Stage, hook: Hook) -> Program:
    return stage.outgoing if hook.side is Side.FROM else stage.incoming


@pytest.fixture
def swap(stub: bytes, stage: Stage, stricter: Stage) -> Iterator[Swap]:
    with ExitStack() as held:
        shared = {"counters": stage.tables["counters"]}
        programs: dict[Side, Program] = {}
        tables: dict[Side, Map] = {}
        for hook in HOOKS:
            choices = {0: chosen(stage, hook), 1: chosen(stricter, hook)}
            program, made = load_swap(stub, hook, shared, choices)
            programs[hook.side] = held.enter_context(program)
            tables[hook.side] = held.enter_context(made["swap_programs"])
            held.enter_context(made["swap_epoch"])
            shared["swap_epoch"] = made["swap_epoch"]
        yield Swap(shared["swap_epoch"], programs, tables)


@pytest.fixture(autouse=True)
def nothing_remembered(stage: Stage) -> Iterator[None]:
    yield
    stage.clear()


def test_the_epoch_decides_what_is_not_stamped(swap: Swap, stage: Stage) -> None:
    for side in Side:
        stage.clear()
        swap.flip(0)
        assert swap.passes(side)[0]
        stage.clear()
        swap.flip(1)
        assert not swap.passes(side)[0]


def test_the_first_hook_stamps_and_the_second_takes_it_off(swap: Swap) -> None:
    swap.flip(0)
    assert swap.passes(Side.FROM, OTHERS) == (True, OLD | OTHERS)
    assert swap.passes(Side.TO, OTHERS)[1] == OTHERS
    swap.flip(1)
    assert swap.passes(Side.FROM, OTHERS)[1] == NEW | OTHERS
    assert swap.passes(Side.TO, OTHERS)[1] == OTHERS


def test_the_stamp_outlives_the_flip(swap: Swap, stage: Stage) -> None:
    swap.flip(0)
    stamped = swap.passes(Side.FROM)[1]
    swap.flip(1)
    stage.clear()
    assert swap.passes(Side.TO, stamped) == (True, 0)
    stage.clear()
    assert swap.passes(Side.TO) == (False, 0)
    swap.flip(0)
    stage.clear()
    assert swap.passes(Side.TO, NEW) == (False, 0)


@pytest.mark.parametrize("side", Side)
def test_no_program_means_closed(swap: Swap, stage: Stage, side: Side) -> None:
    swap.flip(0)
    swap.tables[side].delete(maps.U32.pack(0))
    slot = R.DROP_SWAP * 2 + (side is Side.FROM)
    before = stage.tables["counters"].lookup(maps.U32.pack(slot))
    assert not swap.passes(side)[0]
    assert stage.tables["counters"].lookup(maps.U32.pack(slot)) != before


def test_a_stamp_of_both_bits_is_an_epoch_too(swap: Swap) -> None:
    """Nothing sets it; whoever does gets the old policy, never an open hook."""
    swap.flip(1)
    assert swap.passes(Side.FROM, STAMP)[1] & STAMP == OLD
