/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* DO NOT EDIT. Made by cpc 0 from the policy with the hash
 * 0000000000000000000000000000000000000000000000000000000000000000.
 */

/* Subject bits:
 * 0 {(any:app in (db) and not any:legacy)}
 * 1 {any:app in (web)}
 * 2 {any:app in (web)}, {(any:app in (db) and not any:legacy)}
 */

/* Peer bits:
 * 0 host
 * 1 {any:app in (web)}
 * 2 {(any:app in (db) and not any:legacy)}
 * 3 world
 * 4 10.1.0.0/16 except 10.1.9.0/24
 * 5 2001:db8:1::/48
 * 6 cluster
 * 7 10.1.9.0/24
 */

#define CPC_WORDS 1
#define CPC_SUBJECT_WORDS 1

#include "lib/types.h"
#include "lib/endpoint.h"
#include "lib/decision.h"

/* allow-host */
CPC_PART bool cpc_ingress_match_0(const __u64 *bits)
{
	return bits[0] & 0x1;
}

CPC_PART bool cpc_ingress_match_1(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* no-guests (ports.cil:14) */
	if (subject0 & 0x1)
		peers0 |= 0x80;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_2(void)
{
	const __u64 subject0 = endpoint.subject[0];

	/* default deny (ports.cil:8) */
	if (subject0 & 0x4)
		return true;
	return false;
}

CPC_PART bool cpc_ingress_match_3(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* ping (ports.cil:13) */
	if (subject0 & 0x4)
		peers0 |= 0x40;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_4(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* dns (ports.cil:12) */
	if (subject0 & 0x1)
		peers0 |= 0x2;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_5(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* pages (ports.cil:11) */
	if (subject0 & 0x2)
		peers0 |= 0x38;
	return bits[0] & peers0;
}

CPC_PART bool cpc_ingress_match_6(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* web-db (ports.cil:10) */
	if (subject0 & 0x1)
		peers0 |= 0x2;
	return bits[0] & peers0;
}

/* proto-0/0 to icmp/2047, icmp/2304 to tcp/52, tcp/54-79, tcp/81-442, tcp/444-5431, tcp/5433-7999, tcp/8100 to udp/52, udp/54 to icmpv6/32767, and 2 more */
CPC_PART __u32 cpc_ingress_0(const __u64 *bits)
{
	if (cpc_ingress_match_0(bits))
		return CPC_DECISION(1, CPC_ALLOW);
	if (cpc_ingress_match_1(bits))
		return CPC_DECISION(2, CPC_DENY | CPC_LOG);
	if (cpc_ingress_match_2())
		return CPC_DECISION(3, CPC_DENY);
	return CPC_DECISION(4, CPC_ALLOW);
}

/* icmp/2048-2303, icmpv6/32768-33023 */
CPC_PART __u32 cpc_ingress_1(const __u64 *bits)
{
	if (cpc_ingress_match_0(bits))
		return CPC_DECISION(5, CPC_ALLOW);
	if (cpc_ingress_match_1(bits))
		return CPC_DECISION(6, CPC_DENY | CPC_LOG);
	if (cpc_ingress_match_3(bits))
		return CPC_DECISION(7, CPC_ALLOW);
	if (cpc_ingress_match_2())
		return CPC_DECISION(8, CPC_DENY);
	return CPC_DECISION(9, CPC_ALLOW);
}

/* tcp/53, udp/53, sctp/53 */
CPC_PART __u32 cpc_ingress_2(const __u64 *bits)
{
	if (cpc_ingress_match_0(bits))
		return CPC_DECISION(10, CPC_ALLOW);
	if (cpc_ingress_match_1(bits))
		return CPC_DECISION(11, CPC_DENY | CPC_LOG);
	if (cpc_ingress_match_4(bits))
		return CPC_DECISION(12, CPC_ALLOW);
	if (cpc_ingress_match_2())
		return CPC_DECISION(13, CPC_DENY);
	return CPC_DECISION(14, CPC_ALLOW);
}

/* tcp/80, tcp/443, tcp/8000-8099 */
CPC_PART __u32 cpc_ingress_3(const __u64 *bits)
{
	if (cpc_ingress_match_0(bits))
		return CPC_DECISION(15, CPC_ALLOW);
	if (cpc_ingress_match_1(bits))
		return CPC_DECISION(16, CPC_DENY | CPC_LOG);
	if (cpc_ingress_match_5(bits))
		return CPC_DECISION(17, CPC_ALLOW);
	if (cpc_ingress_match_2())
		return CPC_DECISION(18, CPC_DENY);
	return CPC_DECISION(19, CPC_ALLOW);
}

/* tcp/5432 */
CPC_PART __u32 cpc_ingress_4(const __u64 *bits)
{
	if (cpc_ingress_match_0(bits))
		return CPC_DECISION(20, CPC_ALLOW);
	if (cpc_ingress_match_1(bits))
		return CPC_DECISION(21, CPC_DENY | CPC_LOG);
	if (cpc_ingress_match_6(bits))
		return CPC_DECISION(22, CPC_ALLOW);
	if (cpc_ingress_match_2())
		return CPC_DECISION(23, CPC_DENY);
	return CPC_DECISION(24, CPC_ALLOW);
}

CPC_PART __u32 cpc_ingress_leaves_0(const __u64 *bits, __u32 leaf)
{
	switch (leaf) {
	case 0:
		return cpc_ingress_0(bits);
	case 1:
		return cpc_ingress_1(bits);
	case 2:
		return cpc_ingress_2(bits);
	case 3:
		return cpc_ingress_3(bits);
	default:
		return cpc_ingress_4(bits);
	}
}

CPC_PART __u32 cpc_ingress_leaf(__u32 key)
{
	if (key < 0x0061538) {
		if (key < 0x0060036) {
			if (key < 0x0010900) {
				if (key < 0x0010800)
					return 0;
				return 1;
			}
			if (key < 0x0060035)
				return 0;
			return 2;
		}
		if (key < 0x0060051) {
			if (key < 0x0060050)
				return 0;
			return 3;
		}
		if (key < 0x00601bb)
			return 0;
		if (key < 0x00601bc)
			return 3;
		return 0;
	}
	if (key < 0x0110036) {
		if (key < 0x0061f40) {
			if (key < 0x0061539)
				return 4;
			return 0;
		}
		if (key < 0x0061fa4)
			return 3;
		if (key < 0x0110035)
			return 0;
		return 2;
	}
	if (key < 0x03a8100) {
		if (key < 0x03a8000)
			return 0;
		return 1;
	}
	if (key < 0x0840035)
		return 0;
	if (key < 0x0840036)
		return 2;
	return 0;
}

/* What the endpoint does with a service key when the peer has these bits, in ingress. */
static __noinline __u32 cpc_decide_ingress(const __u64 *bits, __u32 key)
{
	const __u32 leaf = cpc_ingress_leaf(key);

	return cpc_veil(cpc_ingress_leaves_0(bits, leaf), bits);
}

CPC_PART bool cpc_egress_match_0(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* dns (ports.cil:12) */
	if (subject0 & 0x2)
		peers0 |= 0x4;
	return bits[0] & peers0;
}

CPC_PART bool cpc_egress_match_1(const __u64 *bits)
{
	const __u64 subject0 = endpoint.subject[0];
	__u64 peers0 = 0x0;

	/* web-db (ports.cil:10) */
	if (subject0 & 0x2)
		peers0 |= 0x4;
	return bits[0] & peers0;
}

/* proto-0/0 to tcp/52, tcp/54-5431, tcp/5433 to udp/52, udp/54 to sctp/52, sctp/54 to foreign-proto-255/65535 */
CPC_PART __u32 cpc_egress_0(void)
{
	return CPC_DECISION(25, CPC_ALLOW);
}

/* tcp/53, udp/53, sctp/53 */
CPC_PART __u32 cpc_egress_1(const __u64 *bits)
{
	if (cpc_egress_match_0(bits))
		return CPC_DECISION(26, CPC_ALLOW);
	return CPC_DECISION(27, CPC_ALLOW);
}

/* tcp/5432 */
CPC_PART __u32 cpc_egress_2(const __u64 *bits)
{
	if (cpc_egress_match_1(bits))
		return CPC_DECISION(28, CPC_ALLOW);
	return CPC_DECISION(29, CPC_ALLOW);
}

CPC_PART __u32 cpc_egress_leaves_0(const __u64 *bits, __u32 leaf)
{
	switch (leaf) {
	case 0:
		return cpc_egress_0();
	case 1:
		return cpc_egress_1(bits);
	default:
		return cpc_egress_2(bits);
	}
}

CPC_PART __u32 cpc_egress_leaf(__u32 key)
{
	if (key < 0x0061539) {
		if (key < 0x0060036) {
			if (key < 0x0060035)
				return 0;
			return 1;
		}
		if (key < 0x0061538)
			return 0;
		return 2;
	}
	if (key < 0x0110036) {
		if (key < 0x0110035)
			return 0;
		return 1;
	}
	if (key < 0x0840035)
		return 0;
	if (key < 0x0840036)
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
