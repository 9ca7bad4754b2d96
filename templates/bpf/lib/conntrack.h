/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is remembered of allowed connections, so that their replies pass and policy changes reach them. */
#ifndef CPC_CONNTRACK_H
#define CPC_CONNTRACK_H

#include "parse.h"
#include "types.h"

/* Time-outs in ticks of 2^30 ns, rounded up. */
#define CPC_TICK_SHIFT 30
#define CPC_TICKS(seconds) ((__s32)(((seconds) * 1000000000ull >> CPC_TICK_SHIFT) + 1))

enum cpc_connection_state {
	CPC_OPEN = 0,	     /* not TCP */
	CPC_SYN = 1,	     /* TCP, no answer yet */
	CPC_ESTABLISHED = 2, /* TCP, both sides were heard */
	CPC_CLOSING = 3,     /* TCP, ended by RST or by FINs of both sides */
};

/* Connection flags: TCP sides that said FIN. */
#define CPC_FIN_INGRESS 1
#define CPC_FIN_EGRESS 2

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct cpc_connection_key);
	__type(value, struct cpc_connection);
} connections SEC(".maps");

static __always_inline __u32 cpc_tick(void)
{
	return bpf_ktime_get_coarse_ns() >> CPC_TICK_SHIFT;
}

static __always_inline bool cpc_is_alive(const struct cpc_connection *connection, __u32 now)
{
	__s32 idle = now - connection->last_seen; /* below 0: another CPU's clock was read later */
	__s32 limit = CPC_TICKS(60);

	if (connection->state == CPC_ESTABLISHED)
		limit = CPC_TICKS(21600);
	else if (connection->state == CPC_CLOSING)
		limit = CPC_TICKS(10);
	return idle <= limit;
}

static __always_inline bool cpc_is_syn(const struct cpc_packet *packet)
{
	return packet->protocol == IPPROTO_TCP &&
	       (packet->tcp_flags & (CPC_TCP_SYN | CPC_TCP_ACK | CPC_TCP_RST | CPC_TCP_FIN)) ==
		       CPC_TCP_SYN;
}

/* ICMP other than echo belongs to no connection: each message is the policy's. */
static __always_inline bool cpc_is_stateful(const struct cpc_packet *packet)
{
	return !cpc_is_icmp(packet) || packet->echo;
}

/* A reply to an echo that nobody asked for opens nothing: the peer's request would pass as its answer. */
static __always_inline bool cpc_can_open(const struct cpc_packet *packet)
{
	return cpc_is_stateful(packet) && packet->echo != CPC_ECHO_REPLY;
}

/* The key of `packet`, which its endpoint sees in `direction`; the key is zeroed before. */
static __always_inline void cpc_connection_key_of(const struct cpc_packet *packet, __u32 direction,
						  struct cpc_connection_key *key)
{
	bool out = direction == CPC_EGRESS;
	bool asks = out == (packet->echo == CPC_ECHO_REQUEST); /* echo only: the endpoint asks */

	key->local = out ? packet->source : packet->destination;
	key->remote = out ? packet->destination : packet->source;
	key->family = packet->family;
	key->protocol = packet->protocol;
	if (!packet->echo) {
		key->local_port = out ? packet->source_port : packet->destination_port;
		key->remote_port = out ? packet->destination_port : packet->source_port;
	} else if (asks) {
		key->local_port = packet->echo_id;
	} else {
		key->remote_port = packet->echo_id;
		key->peer_asks = 1;
	}
}

/* Another packet of a live connection. The tick is written only when it changed: the line of a busy
 * connection then stays shared between CPUs.
 */
static __always_inline void cpc_touch(struct cpc_connection *connection,
				      const struct cpc_packet *packet, __u32 direction, __u32 now)
{
	bool reply = connection->direction != direction;
	__u8 fin = direction == CPC_INGRESS ? CPC_FIN_INGRESS : CPC_FIN_EGRESS;

	if (connection->last_seen != now)
		connection->last_seen = now;
	if (packet->protocol != IPPROTO_TCP)
		return;
	if (connection->state == CPC_SYN && reply)
		connection->state = CPC_ESTABLISHED;
	if ((packet->tcp_flags & CPC_TCP_FIN) && !(connection->flags & fin))
		connection->flags |= fin;
	if ((packet->tcp_flags & CPC_TCP_RST) ||
	    connection->flags == (CPC_FIN_INGRESS | CPC_FIN_EGRESS))
		connection->state = CPC_CLOSING;
}

/* Remembers a connection that the policy just allowed. `known`: what is there now, or NULL. 0 or -1. */
static __always_inline int cpc_remember(const struct cpc_connection_key *key,
					struct cpc_connection *known,
					const struct cpc_packet *packet, __u32 direction,
					__u32 generation, __u32 site, __u32 now)
{
	struct cpc_connection connection = {
		.generation = generation,
		.last_seen = now,
		.service_key = packet->service_key,
		.site = site,
		.direction = direction,
	};
	long failed;

	if (known && cpc_is_alive(known, now)) {
		/* Both sides opened at once: whoever was first stays. */
		if (known->direction != direction)
			return 0;
		/* A SYN for a connection that lives, forged or late: the receiver will challenge it. */
		if (known->state == CPC_ESTABLISHED) {
			known->generation = generation;
			known->site = site;
			return 0;
		}
	}
	if (packet->protocol == IPPROTO_TCP) {
		connection.state = CPC_SYN;
		if (packet->tcp_flags & (CPC_TCP_FIN | CPC_TCP_RST))
			connection.state = CPC_CLOSING;
	}
	failed = bpf_map_update_elem(&connections, key, &connection, known ? BPF_ANY : BPF_NOEXIST);
	/* -EEXIST: the other CPU remembered it first. */
	return failed && failed != -17 ? -1 : 0;
}

#endif
