/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Later fragments have no ports: they take what their first fragment said. */
#ifndef CPC_FRAGMENT_H
#define CPC_FRAGMENT_H

#include "endpoint.h"
#include "parse.h"

#define CPC_FRAGMENT_LIFE 30000000000ull /* ns: how long hosts keep fragments */

/* IPv6: protocol is 0, for a later fragment may not name the upper layer (RFC 8200, 4.5). */
struct cpc_fragment_key {
	__u32 endpoint;
	__u32 id;
	struct cpc_address source;
	struct cpc_address destination;
	__u8 family;
	__u8 protocol;
	__u16 pad;
};

struct cpc_fragment {
	__u64 seen; /* ns */
	__u32 service_key;
	__u16 header_end; /* bytes of the datagram that the upper-layer header takes */
	__be16 source_port;
	__be16 destination_port;
	__be16 echo_id;
	__u8 protocol;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 echo;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct cpc_fragment_key);
	__type(value, struct cpc_fragment);
} fragments SEC(".maps");

/* Records a first fragment, gives a later one what its first said. CPC_PARSED, or why it is dropped. */
static __always_inline int cpc_take_fragment(struct cpc_packet *packet)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	struct cpc_fragment_key key = {
		.endpoint = endpoint.id,
		.id = packet->fragment_id,
		.source = packet->source,
		.destination = packet->destination,
		.family = packet->family,
		.protocol = packet->family == 4 ? packet->protocol : 0,
	};
	struct cpc_fragment *first;

	if (packet->fragment_offset == 0) {
		struct cpc_fragment fragment = {
			.seen = now,
			.service_key = packet->service_key,
			.header_end = packet->l4 + packet->l4_size - packet->fragment_start,
			.source_port = packet->source_port,
			.destination_port = packet->destination_port,
			.echo_id = packet->echo_id,
			.protocol = packet->protocol,
			.icmp_type = packet->icmp_type,
			.icmp_code = packet->icmp_code,
			.echo = packet->echo,
		};

		/* Without the record its later fragments are dropped: nothing to do here. */
		bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
		return CPC_PARSED;
	}
	first = bpf_map_lookup_elem(&fragments, &key);
	if (!first || now - first->seen > CPC_FRAGMENT_LIFE)
		return CPC_DROP_FRAGMENT;
	if (packet->fragment_offset < first->header_end)
		return CPC_DROP_MALFORMED;
	packet->service_key = first->service_key;
	packet->source_port = first->source_port;
	packet->destination_port = first->destination_port;
	packet->echo_id = first->echo_id;
	packet->protocol = first->protocol;
	packet->icmp_type = first->icmp_type;
	packet->icmp_code = first->icmp_code;
	packet->echo = first->echo;
	return CPC_PARSED;
}

#endif
