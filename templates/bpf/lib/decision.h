/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a generated decision speaks: site << 2 | log << 1 | allow, and what is not a decision yet. */
#ifndef CPC_DECISION_H
#define CPC_DECISION_H

#include "types.h"

#include <bpf/bpf_helpers.h>

/* A part of a decision, which becomes part of its caller. Without debug lines of its own: clang compares
 * each source line with all others, and the kernel's log shows the caller's line, which names the part.
 */
#define CPC_PART static __always_inline __attribute__((nodebug))

#define CPC_DENY 0u
#define CPC_DECISION(site, what) ((__u32)(site) << 2 | (what))

/* Outcomes of a block that do not decide; no site is that large. */
#define CPC_PASSED 0xfffffffeu
#define CPC_UNDECIDED 0xffffffffu

/* The value, of which the kernel verifier knows nothing any more: it would walk what follows once for
 * each value that it knows. What is read from a map is unknown to it, and so is the difference of two
 * unknowns; that they are the same, it does not see, and clang must not.
 */
static __always_inline __u32 cpc_veil(__u32 value, const __u64 *bits)
{
	__u64 unknown = bits[0];
	__u64 same = unknown;

	asm volatile("" : "+r"(same));
	return value + (__u32)(same - unknown);
}

/* Of the outcomes of two blocks of one priority: deny over allow over pass, of equals the first. */
static __always_inline __u32 cpc_rank(__u32 outcome)
{
	if (outcome == CPC_UNDECIDED)
		return 3;
	if (outcome == CPC_PASSED)
		return 2;
	return outcome & CPC_ALLOW;
}

static __always_inline __u32 cpc_prefer(__u32 first, __u32 second)
{
	return cpc_rank(second) < cpc_rank(first) ? second : first;
}

#endif
