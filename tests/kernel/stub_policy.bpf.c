/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A policy by hand, for tests of the datapath without a compiler. Peer bit 0 allows everything, bit 1
 * tcp/80, tcp/443 with log, udp/53 and echo requests, bit 2 all ICMP; in egress, bit 3 allows everything.
 * Subject bit 0 turns every allow of bit 0 into a deny.
 */
#ifndef CPC_WORDS
#define CPC_WORDS 2
#endif
#define CPC_SUBJECT_WORDS 1

#include "lib/types.h"

#include "lib/endpoint.h"

static __always_inline __u32 both(const __u64 *bits, __u32 key)
{
	if (bits[0] & 1)
		return 1 << 2 | !(endpoint.subject[0] & 1);
	if (bits[0] & 2) {
		if (key == (6 << 16 | 80) || key == (17 << 16 | 53))
			return 2 << 2 | 1;
		if (key == (6 << 16 | 443))
			return 3 << 2 | 3;
		if (key == (1 << 16 | 8 << 8) || key == (58 << 16 | 128 << 8))
			return 4 << 2 | 1;
	}
	if ((bits[0] & 4) && (key >> 16 == 1 || key >> 16 == 58))
		return 5 << 2 | 1;
	return 0;
}

static __noinline __u32 cpc_decide_ingress(const __u64 *bits, __u32 key)
{
	__u32 decision = both(bits, key);

	return decision ? decision : 6 << 2;
}

static __noinline __u32 cpc_decide_egress(const __u64 *bits, __u32 key)
{
	__u32 decision = both(bits, key);

	if (!decision && (bits[0] & 8))
		return 7 << 2 | 1;
	return decision ? decision : 8 << 2;
}

#include "lib/datapath.h"
