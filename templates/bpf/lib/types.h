/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the programs and user space share: every struct that crosses a map. The generated part defines
 * CPC_WORDS (64-bit words of peer bits) and CPC_SUBJECT_WORDS (of subject bits) before this file.
 */
#ifndef CPC_TYPES_H
#define CPC_TYPES_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#define CPC_ADDRESSES 8 /* addresses of one family that an endpoint may have */

/* An address as 16 bytes: IPv4 as ::ffff:a.b.c.d. */
struct cpc_address {
	union {
		__u8 bytes[16];
		__u32 words[4];
	};
};

#define CPC_IDENTITY_HOST 1 /* this machine (runtime/identity.py) */

/* The peer's selector bits: one row per identity or prefix. Row 0 is the unknown identity. */
struct cpc_row {
	__u32 identity;
	__u32 pad;
	__u64 bits[CPC_WORDS];
};

/* One endpoint's program is specialised by this constant: it is in .rodata, so the kernel verifier
 * removes what this endpoint's subject bits can never reach.
 */
struct cpc_endpoint {
	__u32 id;
	__u32 generation;
	__u32 count4;
	__u32 count6;
	__u32 address4[CPC_ADDRESSES]; /* network order */
	struct cpc_address address6[CPC_ADDRESSES];
	__u64 subject[CPC_SUBJECT_WORDS];
};

/* A connection as its endpoint sees it: local is the endpoint, so both directions find one entry.
 * ICMP echo: local_port holds the identifier when the endpoint asked, remote_port when the peer did;
 * peer_asks is then 1, so that identifier 0 is not one key for both.
 */
struct cpc_connection_key {
	struct cpc_address local;
	struct cpc_address remote;
	__be16 local_port;
	__be16 remote_port;
	__u8 protocol;
	__u8 family;
	__u16 peer_asks;
};

struct cpc_connection {
	__u32 generation;  /* the policy that last allowed it */
	__u32 last_seen;   /* ticks of 2^30 ns */
	__u32 service_key; /* what the policy decided about, in its own direction */
	__u32 site;	   /* the step that allowed it */
	__u16 reverse_nat; /* room: the balancer */
	__u16 proxy_port;  /* room: the proxy */
	__u8 direction;	   /* enum cpc_direction of its first packet */
	__u8 state;
	__u8 flags;
	__u8 pad;
};

enum cpc_direction {
	CPC_INGRESS = 0,
	CPC_EGRESS = 1,
};

/* What a generated decision returns: site << 2 | log << 1 | allow. */
#define CPC_ALLOW 1u
#define CPC_LOG 2u
#define CPC_SITE(decision) ((decision) >> 2)

#endif
