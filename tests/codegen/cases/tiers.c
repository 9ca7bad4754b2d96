/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* DO NOT EDIT. Made by cpc 0 from the policy with the hash
 * 0000000000000000000000000000000000000000000000000000000000000000.
 */

/* Subject bits:
 * 0 {any:app in (db)}
 * 1 {any:app in (web)}
 * 2 health
 * 3 {any:app in (web)}, {any:app in (db)}
 */

/* Peer bits:
 * 0 {any:app in (web)}
 * 1 {any:app in (db)}
 * 2 health
 * 3 cluster
 * 4 remote-node
 * 5 world
 */

#define CPC_WORDS 1
#define CPC_SUBJECT_WORDS 1

#include "lib/types.h"
#include "lib/endpoint.h"
#include "lib/decision.h"

/* probes (tiers.cil:17) */
CPC_PART bool cpc_ingress_match_0(const __u64 *bits)
{
	return bits[0] & 0x4;
}

CPC_PART bool cpc_ingress_match_1(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* rest (tiers.cil:18) */
	if (subject0 & 0x2)
		peers0 |= 0x8;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_2(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* no-nodes (tiers.cil:21) */
	if (subject0 & 0x2)
		peers0 |= 0x14;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_3(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* late (tiers.cil:23) */
	if (subject0 & 0x2)
		peers0 |= 0x20;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_4(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* web-db (tiers.cil:10) */
	if (subject0 & 0x1)
		peers0 |= 0x1;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_5(void)
{
	const __u64 subject0 = endpoint.subject[0];

	/* default deny (tiers.cil:9) */
	if (subject0 & 0x8)
		return true;
	return false;
}

CPC_PART bool cpc_ingress_match_6(void)
{
	const __u64 subject0 = endpoint.subject[0];

	/* lateral (tiers.cil:24) */
	if (subject0 & 0x1)
		return true;
	return false;
}

CPC_PART bool cpc_ingress_match_7(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* db-ssh (tiers.cil:13) */
	if (subject0 & 0x1)
		peers0 |= 0x1;
	return bits[0] & peers0;
}

/* no-ssh (tiers.cil:14) */
CPC_PART bool cpc_ingress_match_8(void)
{
	return true;
}

/* one block of its priority */
CPC_PART __u32 cpc_ingress_0_0_0(const __u64 *bits)
{
	if (cpc_ingress_match_0(bits))
		return CPC_DECISION(1, CPC_ALLOW);
	if (cpc_ingress_match_1(bits))
		return CPC_PASSED;
	return CPC_UNDECIDED;
}

/* one block of its priority */
CPC_PART __u32 cpc_ingress_0_0_1(const __u64 *bits)
{
	if (cpc_ingress_match_2(bits))
		return CPC_DECISION(3, CPC_DENY);
	return CPC_UNDECIDED;
}

/* proto-0/0 to tcp/21, tcp/23 to foreign-proto-255/65535 */
CPC_PART __u32 cpc_ingress_0(const __u64 *bits)
{
	__u32 chosen;

	chosen = cpc_ingress_0_0_0(bits);
	chosen = cpc_prefer(chosen, cpc_ingress_0_0_1(bits));
	if (chosen == CPC_PASSED)
		goto normal;
	if (chosen != CPC_UNDECIDED)
		return chosen;
	if (cpc_ingress_match_3(bits))
		return CPC_DECISION(4, CPC_DENY | CPC_LOG);
normal:
	if (cpc_ingress_match_4(bits))
		return CPC_DECISION(5, CPC_ALLOW);
	if (cpc_ingress_match_5())
		return CPC_DECISION(6, CPC_DENY);
	if (cpc_ingress_match_6())
		return CPC_DECISION(7, CPC_DENY);
	return CPC_DECISION(8, CPC_DENY);
}

/* tcp/22 */
CPC_PART __u32 cpc_ingress_1(const __u64 *bits)
{
	if (cpc_ingress_match_7(bits))
		goto normal;
	if (cpc_ingress_match_8())
		return CPC_DECISION(10, CPC_DENY | CPC_LOG);
normal:
	if (cpc_ingress_match_4(bits))
		return CPC_DECISION(11, CPC_ALLOW);
	if (cpc_ingress_match_5())
		return CPC_DECISION(12, CPC_DENY);
	if (cpc_ingress_match_6())
		return CPC_DECISION(13, CPC_DENY);
	return CPC_DECISION(14, CPC_DENY);
}

CPC_PART __u32 cpc_ingress_leaves_0(const __u64 *bits, __u32 leaf)
{
	switch (leaf) {
	case 0:
		return cpc_ingress_0(bits);
	default:
		return cpc_ingress_1(bits);
	}
}

CPC_PART __u32 cpc_ingress_leaf(__u32 key)
{
	if (key < 0x0060016)
		return 0;
	if (key < 0x0060017)
		return 1;
	return 0;
}

/* What the endpoint does with a service key when the peer has these bits, in ingress. */
static __noinline __u32 cpc_decide_ingress(const __u64 *bits, __u32 key)
{
	const __u32 leaf = cpc_ingress_leaf(key);

	return cpc_veil(cpc_ingress_leaves_0(bits, leaf), bits);
}

CPC_PART bool cpc_egress_match_0(void)
{
	const __u64 subject0 = endpoint.subject[0];

	/* probes (tiers.cil:17) */
	if (subject0 & 0x4)
		return true;
	return false;
}

CPC_PART bool cpc_egress_match_1(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* no-nodes (tiers.cil:21) */
	if (subject0 & 0x4)
		peers0 |= 0x1;
	return bits[0] & peers0;
}

CPC_PART bool cpc_egress_match_2(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* web-db (tiers.cil:10) */
	if (subject0 & 0x2)
		peers0 |= 0x2;
	return bits[0] & peers0;
}

CPC_PART bool cpc_egress_match_3(void)
{
	const __u64 subject0 = endpoint.subject[0];

	/* default deny (tiers.cil:9) */
	if (subject0 & 0x8)
		return true;
	return false;
}

/* lateral (tiers.cil:24) */
CPC_PART bool cpc_egress_match_4(const __u64 *bits)
{
	return bits[0] & 0x2;
}

CPC_PART bool cpc_egress_match_5(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* db-ssh (tiers.cil:13) */
	if (subject0 & 0x2)
		peers0 |= 0x2;
	return bits[0] & peers0;
}

/* no-ssh (tiers.cil:14) */
CPC_PART bool cpc_egress_match_6(void)
{
	return true;
}

/* one block of its priority */
CPC_PART __u32 cpc_egress_0_0_0(void)
{
	if (cpc_egress_match_0())
		return CPC_DECISION(15, CPC_ALLOW);
	return CPC_UNDECIDED;
}

/* one block of its priority */
CPC_PART __u32 cpc_egress_0_0_1(const __u64 *bits)
{
	if (cpc_egress_match_1(bits))
		return CPC_DECISION(16, CPC_DENY);
	return CPC_UNDECIDED;
}

/* proto-0/0 to tcp/21, tcp/23 to foreign-proto-255/65535 */
CPC_PART __u32 cpc_egress_0(const __u64 *bits)
{
	__u32 chosen;

	chosen = cpc_egress_0_0_0();
	chosen = cpc_prefer(chosen, cpc_egress_0_0_1(bits));
	if (chosen != CPC_UNDECIDED)
		return chosen;
	if (cpc_egress_match_2(bits))
		return CPC_DECISION(17, CPC_ALLOW);
	if (cpc_egress_match_3())
		return CPC_DECISION(18, CPC_DENY);
	if (cpc_egress_match_4(bits))
		return CPC_DECISION(19, CPC_DENY);
	return CPC_DECISION(20, CPC_DENY);
}

/* tcp/22 */
CPC_PART __u32 cpc_egress_1(const __u64 *bits)
{
	if (cpc_egress_match_5(bits))
		goto normal;
	if (cpc_egress_match_6())
		return CPC_DECISION(22, CPC_DENY | CPC_LOG);
normal:
	if (cpc_egress_match_2(bits))
		return CPC_DECISION(23, CPC_ALLOW);
	if (cpc_egress_match_3())
		return CPC_DECISION(24, CPC_DENY);
	if (cpc_egress_match_4(bits))
		return CPC_DECISION(25, CPC_DENY);
	return CPC_DECISION(26, CPC_DENY);
}

CPC_PART __u32 cpc_egress_leaves_0(const __u64 *bits, __u32 leaf)
{
	switch (leaf) {
	case 0:
		return cpc_egress_0(bits);
	default:
		return cpc_egress_1(bits);
	}
}

CPC_PART __u32 cpc_egress_leaf(__u32 key)
{
	if (key < 0x0060016)
		return 0;
	if (key < 0x0060017)
		return 1;
	return 0;
}

/* What the endpoint does with a service key when the peer has these bits, in egress. */
static __noinline __u32 cpc_decide_egress(const __u64 *bits, __u32 key)
{
	const __u32 leaf = cpc_egress_leaf(key);

	return cpc_veil(cpc_egress_leaves_0(bits, leaf), bits);
}

#include "lib/datapath.h"
