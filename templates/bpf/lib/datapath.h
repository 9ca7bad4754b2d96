/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What happens to a packet: everything but the policy, whose decisions are defined before this file:
 * cpc_decide_ingress and cpc_decide_egress, `__u32 (const __u64 *bits, __u32 service_key)`.
 */
#ifndef CPC_DATAPATH_H
#define CPC_DATAPATH_H

#include "address.h"
#include "conntrack.h"
#include "endpoint.h"
#include "events.h"
#include "fragment.h"
#include "parse.h"
#include "reason.h"
#include "related.h"
#include "reset.h"
#include "swap.h"
#include "types.h"

/* What was found about a packet besides its reason. */
struct cpc_finding {
	__u32 decision; /* 0: the policy was not asked */
	bool reset;	/* dropped, but it became a RST that goes on */
	const struct cpc_row *row;
};

static __always_inline bool cpc_is_link_local(const struct cpc_address *address)
{
	return (address->words[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

static __always_inline bool cpc_is_unspecified(const struct cpc_address *address)
{
	return !(address->words[0] | address->words[1] | address->words[2] | address->words[3]);
}

/* Whether the sender may use this source address. */
static __always_inline bool cpc_is_genuine(const struct cpc_packet *packet)
{
	if (cpc_is_own(packet->family, &packet->source))
		return true;
	return packet->outside &&
	       (cpc_is_link_local(&packet->source) || cpc_is_unspecified(&packet->source));
}

/* The connection that a packet belongs to, or NULL; `key` is where a new one would be remembered. */
static __always_inline struct cpc_connection *
cpc_find(struct __sk_buff *skb, const struct cpc_packet *packet, __u32 direction, __u32 now,
	 struct cpc_connection_key *key, bool *related)
{
	struct cpc_connection *known;

	*related = cpc_is_error(packet) && cpc_read_quote(skb, packet, direction, key);
	if (!*related) {
		if (!cpc_is_stateful(packet))
			return NULL;
		cpc_connection_key_of(packet, direction, key);
	}
	known = bpf_map_lookup_elem(&connections, key);
	if (*related && (!known || !cpc_is_alive(known, now))) {
		*related = false;
		return NULL;
	}
	return known;
}

/* A packet that the policy has a say in. Returns an enum cpc_reason. */
static __always_inline __u32 cpc_judge(struct __sk_buff *skb, const struct cpc_packet *packet,
				       __u32 direction, struct cpc_finding *finding)
{
	__u32 side = direction, service_key = packet->service_key, now = cpc_tick();
	const struct cpc_address *remote;
	struct cpc_connection_key key = {};
	struct cpc_connection *known;
	bool related, goes_on;

	remote = direction == CPC_EGRESS ? &packet->destination : &packet->source;
	known = cpc_find(skb, packet, direction, now, &key, &related);
	/* A SYN asks to connect: only the policy answers that. */
	goes_on = known && !cpc_is_syn(packet) && cpc_is_alive(known, now);
	if (goes_on) {
		side = known->direction;
		service_key = known->service_key;
		remote = &key.remote;
		if (known->generation == endpoint.generation)
			goto pass;
	}

	/* One place for all: the kernel verifier walks the decision once for each call. */
	finding->row = cpc_row_at(packet->family, remote);
	if (!finding->row)
		return CPC_DROP_INTERNAL;
	/* What this machine sends came in nowhere: anyone outside can write its addresses. */
	if (direction == CPC_INGRESS && !related && skb->ingress_ifindex &&
	    finding->row->identity == CPC_IDENTITY_HOST)
		return CPC_DROP_SPOOFED;
	if (side == CPC_INGRESS)
		finding->decision = cpc_decide_ingress(finding->row->bits, service_key);
	else
		finding->decision = cpc_decide_egress(finding->row->bits, service_key);

	if (finding->decision & CPC_ALLOW) {
		if (!goes_on) {
			if (cpc_can_open(packet) &&
			    cpc_remember(&key, known, packet, direction, endpoint.generation,
					 CPC_SITE(finding->decision), now))
				return CPC_DROP_CT_FULL;
			return CPC_PASS_NEW;
		}
		known->site = CPC_SITE(finding->decision);
		known->generation = endpoint.generation;
		goto pass;
	}
	if (!goes_on)
		return CPC_DROP_POLICY;
	/* An error about a TCP connection leaves it for its next packet, which can carry the RST. */
	if (!related) {
		finding->reset = cpc_reset(skb, packet, direction);
		if (finding->reset || packet->protocol != IPPROTO_TCP)
			bpf_map_delete_elem(&connections, &key);
	}
	return CPC_DROP_POLICY_CHANGED;

pass:
	if (related)
		return CPC_PASS_RELATED;
	cpc_touch(known, packet, direction, now);
	return side == direction ? CPC_PASS_ESTABLISHED : CPC_PASS_REPLY;
}

/* A packet from the endpoint (EGRESS) or to it (INGRESS). Returns an enum cpc_reason. */
static __always_inline __u32 cpc_enforce(struct __sk_buff *skb, struct cpc_packet *packet,
					 __u32 direction, struct cpc_finding *finding)
{
	bool self;
	int found = cpc_read(skb, packet);

	if (found != CPC_PARSED)
		return found;
	if (skb->mark & CPC_MARK_RESET) {
		skb->mark &= ~CPC_MARK_RESET;
		if (packet->protocol == IPPROTO_TCP && (packet->tcp_flags & CPC_TCP_RST))
			return CPC_PASS_RESET;
	}
	if (direction == CPC_EGRESS && !cpc_is_genuine(packet))
		return CPC_DROP_SPOOFED;
	if (packet->outside)
		return CPC_PASS_OUTSIDE;
	if (direction == CPC_EGRESS) {
		self = cpc_is_own(packet->family, &packet->destination);
	} else {
		self = cpc_is_own(packet->family, &packet->source);
		/* Nobody else may be the endpoint: it must come out of its own interface. */
		if (self && skb->ingress_ifindex != skb->ifindex)
			return CPC_DROP_SPOOFED;
	}
	if (packet->more || packet->fragment_offset) {
		found = cpc_take_fragment(packet);
		if (found != CPC_PARSED)
			return found;
	}
	if (self)
		return CPC_PASS_SELF;
	return cpc_judge(skb, packet, direction, finding);
}

/* -1 lets the next program of the hook have a look, and the packet through where there is none. */
static __always_inline int cpc_run(struct __sk_buff *skb, __u32 direction)
{
	struct cpc_packet packet = {};
	struct cpc_finding finding = {};
	__u32 length = skb->len;
	__u32 reason = cpc_enforce(skb, &packet, direction, &finding);

	cpc_tell(&packet, direction, length, reason, finding.decision, finding.row);
	return reason < CPC_DROP_FIRST || finding.reset ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* At the ingress of the host's side: what the endpoint sends. */
SEC("tc")
int cpc_from_endpoint(struct __sk_buff *skb)
{
	return cpc_run(skb, CPC_EGRESS);
}

/* At the egress of the host's side: what comes to the endpoint. */
SEC("tc")
int cpc_to_endpoint(struct __sk_buff *skb)
{
	return cpc_run(skb, CPC_INGRESS);
}

char cpc_license[] SEC("license") = "Dual BSD/GPL";

#endif
