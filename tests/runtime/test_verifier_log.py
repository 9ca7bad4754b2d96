"""What the kernel verifier meant."""

from cpc.runtime.verifier_log import Complaint, complaint, rule_above

LOG = """\
func#0 @0
0: R1=ctx(off=0,imm=0) R10=fp0
; return bits[9]; @ policy.bpf.c:41
0: (79) r0 = *(u64 *)(r1 +72)
invalid bpf_context access off=72 size=8
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""


def test_the_last_words_and_their_line() -> None:
    assert complaint(LOG) == Complaint(
        "invalid bpf_context access off=72 size=8", "return bits[9];", "policy.bpf.c", 41
    )


def test_kernels_that_do_not_name_the_file() -> None:
    found = complaint(LOG.replace(" @ policy.bpf.c:41", ""))
    assert (found.source, found.file, found.line) == ("return bits[9];", "", 0)


def test_nothing_was_said() -> None:
    assert complaint("").message == "the kernel verifier gave no reason"
    assert complaint("processed 3 insns (limit 1000000)\n").source == ""


def test_the_rule_above_a_line() -> None:
    text = "/* SPDX-License-Identifier: x */\n\n/* web-db at shop.cil:3 */\nif (x)\n\ty();\n"
    assert rule_above(text, 5) == "web-db at shop.cil:3"
    assert rule_above(text, 2) is None
