/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Why a packet passed or was dropped. Numbers are what events and counters carry: stable, never reused.
 * runtime/reasons.py holds the same list.
 */
#ifndef CPC_REASON_H
#define CPC_REASON_H

enum cpc_reason {
	CPC_PASS_NEW = 0,	  /* the policy allowed it */
	CPC_PASS_ESTABLISHED = 1, /* a known connection, in its first packet's direction */
	CPC_PASS_REPLY = 2,	  /* a known connection, in the other direction */
	CPC_PASS_RELATED = 3,	  /* an ICMP error about a known connection */
	CPC_PASS_OUTSIDE = 4,	  /* ARP, neighbour discovery, link-local multicast listeners */
	CPC_PASS_SELF = 5,	  /* the endpoint to itself */
	CPC_PASS_RESET = 6,	  /* our own RST that ends a connection */

	CPC_DROP_FIRST = 32,
	CPC_DROP_POLICY = 32,	      /* the policy denied it */
	CPC_DROP_POLICY_CHANGED = 33, /* a known connection that the policy now denies */
	CPC_DROP_SPOOFED = 34,	      /* the source is not an address of its sender */
	CPC_DROP_FRAGMENT = 35,	      /* a later fragment whose first one is unknown */
	CPC_DROP_MALFORMED = 36,      /* headers that lie about themselves */
	CPC_DROP_SOURCE_ROUTE = 37,   /* the sender dictates the way */
	CPC_DROP_VLAN = 38,	      /* tagged: the tag would hide what is inside */
	CPC_DROP_UNSUPPORTED_L3 = 39, /* neither IP nor ARP */
	CPC_DROP_CT_FULL = 40,	      /* no room to remember the connection */
	CPC_DROP_SWAP = 41,	      /* a replacement of the policy failed half-way */
	CPC_DROP_INTERNAL = 42,	      /* a table that must be there is not */

	CPC_REASONS = 64,
};

#endif
