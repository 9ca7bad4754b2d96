/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is told of packets: counters always, events as they are asked for. */
#ifndef CPC_EVENTS_H
#define CPC_EVENTS_H

#include "endpoint.h"
#include "parse.h"
#include "reason.h"
#include "types.h"

/* Bits of the control word: which packets send an event. A decision with CPC_LOG always does. */
#define CPC_TELL_DROPS 1u
#define CPC_TELL_NEW 2u
#define CPC_TELL_ALL 4u

/* One verdict. The size is a multiple of 8 and nothing is left to the compiler to pad. */
struct cpc_event {
	__u64 ns; /* CLOCK_MONOTONIC */
	__u32 endpoint;
	__u32 generation; /* of the policy that `site` belongs to */
	__u32 identity;	  /* the peer's */
	__u32 service_key;
	__u32 site; /* the deciding step, 0: none was asked */
	__u32 length;
	__be16 source_port;
	__be16 destination_port;
	__u16 words; /* of bits */
	__u8 direction;
	__u8 allowed;
	__u8 reason; /* enum cpc_reason */
	__u8 family; /* 0: not IP, or not known */
	__u8 protocol;
	__u8 tcp_flags;
	__u32 pad;
	struct cpc_address source;
	struct cpc_address destination;
	__u64 bits[CPC_WORDS]; /* the peer's */
};

struct cpc_counter {
	__u64 packets;
	__u64 bytes;
};

/* User space sets the size before load. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

/* Slot 0: what to tell. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} control SEC(".maps");

/* By reason * 2 + direction; the last two count events that found no room. */
#define CPC_COUNTERS (CPC_REASONS * 2 + 2)

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CPC_COUNTERS);
	__type(key, __u32);
	__type(value, struct cpc_counter);
} counters SEC(".maps");

static __always_inline void cpc_count(__u32 slot, __u32 bytes)
{
	struct cpc_counter *counter = bpf_map_lookup_elem(&counters, &slot);

	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

static __always_inline bool cpc_is_told(__u32 reason, __u32 decision)
{
	__u32 slot = 0;
	__u32 *tell;

	if (decision & CPC_LOG)
		return true;
	tell = bpf_map_lookup_elem(&control, &slot);
	if (!tell || !*tell)
		return false;
	if (*tell & CPC_TELL_ALL)
		return true;
	if (reason >= CPC_DROP_FIRST)
		return *tell & CPC_TELL_DROPS;
	return reason == CPC_PASS_NEW && (*tell & CPC_TELL_NEW);
}

/* `decision` is 0 where the policy was not asked, `row` NULL where the peer was not looked up. */
static __always_inline void cpc_tell(const struct cpc_packet *packet, __u32 direction, __u32 length,
				     __u32 reason, __u32 decision, const struct cpc_row *row)
{
	struct cpc_event *event;

	cpc_count(reason * 2 + direction, length);
	if (!cpc_is_told(reason, decision))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		cpc_count(CPC_REASONS * 2 + direction, length);
		return;
	}
	event->ns = bpf_ktime_get_ns();
	event->endpoint = endpoint.id;
	event->generation = endpoint.generation;
	event->identity = row ? row->identity : 0;
	event->service_key = packet->service_key;
	event->site = CPC_SITE(decision);
	event->length = length;
	event->source_port = packet->source_port;
	event->destination_port = packet->destination_port;
	event->words = CPC_WORDS;
	event->direction = direction;
	event->allowed = reason < CPC_DROP_FIRST;
	event->reason = reason;
	event->family = packet->family;
	event->protocol = packet->protocol;
	event->tcp_flags = packet->tcp_flags;
	event->pad = 0;
	event->source = packet->source;
	event->destination = packet->destination;
	for (__u32 i = 0; i < CPC_WORDS; i++)
		event->bits[i] = row ? row->bits[i] : 0;
	bpf_ringbuf_submit(event, 0);
}

#endif
