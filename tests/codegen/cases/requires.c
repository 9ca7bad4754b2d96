/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* DO NOT EDIT. Made by cpc 0 from the policy with the hash
 * 0000000000000000000000000000000000000000000000000000000000000000.
 */

/* Subject bits:
 * 0 {any:app in (web)}
 */

/* Peer bits:
 * 0 host
 * 1 world
 * 2 {any:team}
 * 3 {any:zone in (inner)}
 */

#define CPC_WORDS 1
#define CPC_SUBJECT_WORDS 1

#include "lib/types.h"
#include "lib/endpoint.h"
#include "lib/decision.h"

CPC_PART bool cpc_ingress_match_0(const __u64 *bits)
{
	return bits[0] & 0x8;
}

CPC_PART bool cpc_ingress_bound(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];

	if (subject0 & 0x1 && !cpc_ingress_match_0(bits))
		return false;
	return true;
}

/* allow-host */
CPC_PART bool cpc_ingress_match_2(const __u64 *bits)
{
	return bits[0] & 0x1;
}

CPC_PART bool cpc_ingress_match_3(void)
{
	const __u64 subject0 = endpoint.subject[0];

	/* default deny (requires.cil:7) */
	if (subject0 & 0x1)
		return true;
	return false;
}

CPC_PART bool cpc_ingress_match_4(const __u64 *bits, __u32 facts)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;
	__u64 bound0 = 0x0;

	/* peers (requires.cil:9) */
	if (subject0 & 0x1) {
		peers0 |= 0x2;
		bound0 |= 0x4;
	}
	if (facts & 0x1)
		peers0 |= bound0;
	return bits[0] & peers0;
}

/* What many steps ask, found once. */
CPC_PART __u32 cpc_ingress_facts(const __u64 *bits)
{
	__u32 facts = 0;

	if (cpc_ingress_bound(bits))
		facts |= 0x1;
	return facts;
}

/* proto-0/0 to tcp/79, tcp/81 to foreign-proto-255/65535 */
CPC_PART __u32 cpc_ingress_0(const __u64 *bits)
{
	if (cpc_ingress_match_2(bits))
		return CPC_DECISION(1, CPC_ALLOW);
	if (cpc_ingress_match_3())
		return CPC_DECISION(2, CPC_DENY);
	return CPC_DECISION(3, CPC_ALLOW);
}

/* tcp/80 */
CPC_PART __u32 cpc_ingress_1(const __u64 *bits, __u32 facts)
{
	if (cpc_ingress_match_2(bits))
		return CPC_DECISION(4, CPC_ALLOW);
	if (cpc_ingress_match_4(bits, facts))
		return CPC_DECISION(5, CPC_ALLOW);
	if (cpc_ingress_match_3())
		return CPC_DECISION(6, CPC_DENY);
	return CPC_DECISION(7, CPC_ALLOW);
}

CPC_PART __u32 cpc_ingress_leaves_0(const __u64 *bits, __u32 facts, __u32 leaf)
{
	switch (leaf) {
	case 0:
		return cpc_ingress_0(bits);
	default:
		return cpc_ingress_1(bits, facts);
	}
}

CPC_PART __u32 cpc_ingress_leaf(__u32 key)
{
	if (key < 0x0060050)
		return 0;
	if (key < 0x0060051)
		return 1;
	return 0;
}

/* What the endpoint does with a service key when the peer has these bits, in ingress. */
static __noinline __u32 cpc_decide_ingress(const __u64 *bits, __u32 key)
{
	const __u32 facts = cpc_veil(cpc_ingress_facts(bits), bits);
	const __u32 leaf = cpc_ingress_leaf(key);

	return cpc_veil(cpc_ingress_leaves_0(bits, facts, leaf), bits);
}

/* everything */
CPC_PART __u32 cpc_egress_0(void)
{
	return CPC_DECISION(8, CPC_ALLOW);
}

/* What the endpoint does with a service key when the peer has these bits, in egress. */
static __noinline __u32 cpc_decide_egress(const __u64 *bits, __u32 key)
{
	(void)key;
	return cpc_veil(cpc_egress_0(), bits);
}

#include "lib/datapath.h"
