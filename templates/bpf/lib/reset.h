/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Cutting a TCP connection: the packet in hand becomes a RST each way. */
#ifndef CPC_RESET_H
#define CPC_RESET_H

#include "parse.h"
#include "types.h"

/* On a RST of ours that runs back through our own hooks. Namespaces clear marks, so no endpoint can
 * set it.
 */
#define CPC_MARK_RESET 0x40000000u

#define CPC_RESET_TTL 64

/* Where the two directions of one RST differ. */
struct cpc_segment {
	struct cpc_address source;
	struct cpc_address destination;
	__u8 ethernet[2 * ETH_ALEN];
	__u8 hop_limit;
	__u8 partial; /* the checksum field holds the pseudo header's sum only */
	__u16 pad;
	struct tcphdr tcp;
};

static __always_inline __u16 cpc_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Whether whoever sends this packet on completes its checksum (CHECKSUM_PARTIAL). No field says so, but
 * this helper then leaves the checksum alone, unless it is told that the pseudo header changed.
 */
static __always_inline bool cpc_is_partial(struct __sk_buff *skb, __u32 at)
{
	__u16 before = 0, after = 0;

	bpf_skb_load_bytes(skb, at, &before, sizeof(before));
	bpf_l4_csum_replace(skb, at, 0, bpf_htons(1), sizeof(__u16));
	bpf_skb_load_bytes(skb, at, &after, sizeof(after));
	return before == after;
}

/* An IPv4 address as 16 bytes adds 0xffff to the sum, which is 0 in ones' complement: both families'
 * pseudo headers are summed alike.
 */
static __always_inline __u16 cpc_checksum(struct cpc_segment *segment)
{
	__be32 tail[2] = {bpf_htonl(sizeof(segment->tcp)), bpf_htonl(IPPROTO_TCP)};
	__u32 sum;

	sum = bpf_csum_diff(NULL, 0, (__be32 *)&segment->source, 2 * sizeof(segment->source), 0);
	sum = bpf_csum_diff(NULL, 0, tail, sizeof(tail), sum);
	if (segment->partial)
		return cpc_fold(sum);
	sum = bpf_csum_diff(NULL, 0, (__be32 *)&segment->tcp, sizeof(segment->tcp), sum);
	return ~cpc_fold(sum);
}

/* Writes headers into a packet that was cut down to them. 0, or below 0 where the kernel refuses. */
static __always_inline long cpc_write_segment(struct __sk_buff *skb,
					      const struct cpc_packet *packet,
					      struct cpc_segment *segment)
{
	__u32 l3 = packet->l3;
	long failed;

	segment->tcp.check = 0;
	segment->tcp.check = cpc_checksum(segment);
	failed = bpf_skb_store_bytes(skb, 0, segment->ethernet, sizeof(segment->ethernet), 0);
	if (packet->family == 4) {
		__u32 at = l3 + offsetof(struct iphdr, check);
		__be16 was[2] = {}, is[2];

		/* Swapped addresses leave the sum as it is; the hop limit shares a word with the protocol. */
		bpf_skb_load_bytes(skb, l3 + offsetof(struct iphdr, ttl), &was[0], 2);
		bpf_skb_load_bytes(skb, l3 + offsetof(struct iphdr, tot_len), &was[1], 2);
		is[0] = bpf_htons(segment->hop_limit << 8 | IPPROTO_TCP);
		is[1] = bpf_htons(packet->l4 - l3 + sizeof(segment->tcp));
		failed |= bpf_l3_csum_replace(skb, at, was[0], is[0], 2);
		failed |= bpf_l3_csum_replace(skb, at, was[1], is[1], 2);
		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, ttl), &is[0], 2, 0);
		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, tot_len), &is[1], 2,
					      0);
		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, saddr),
					      &segment->source.words[3], 4, 0);
		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct iphdr, daddr),
					      &segment->destination.words[3], 4, 0);
	} else {
		__be16 length =
			bpf_htons(packet->l4 - l3 - sizeof(struct ipv6hdr) + sizeof(segment->tcp));

		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct ipv6hdr, payload_len),
					      &length, 2, BPF_F_RECOMPUTE_CSUM);
		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct ipv6hdr, hop_limit),
					      &segment->hop_limit, 1, BPF_F_RECOMPUTE_CSUM);
		failed |= bpf_skb_store_bytes(skb, l3 + offsetof(struct ipv6hdr, saddr),
					      &segment->source, 32, BPF_F_RECOMPUTE_CSUM);
	}
	failed |= bpf_skb_store_bytes(skb, packet->l4, &segment->tcp, sizeof(segment->tcp),
				      BPF_F_RECOMPUTE_CSUM);
	return failed;
}

/* Turns the packet into a RST for its receiver, and sends one to its sender unless it was a RST itself.
 * Both carry the sequence numbers that their receivers expect next (RFC 9293, 3.10.7.4). 0 where
 * this packet cannot be one: then it must be dropped, and the next packet tries again. Global, as
 * cpc_read is.
 */
__noinline int cpc_reset(struct __sk_buff *skb, const struct cpc_packet *packet, __u32 direction)
{
	struct cpc_segment segment = {};
	struct tcphdr tcp = {};
	bool acks, resets;
	__u32 length;

	if (!packet)
		return 0;
	/* Its length is an option of the hop-by-hop header then (RFC 2675), which would stay. */
	if (packet->family == 6 && packet->end - packet->l3 > 0xffff + sizeof(struct ipv6hdr) &&
	    packet->l4 != packet->l3 + sizeof(struct ipv6hdr))
		return 0;
	if (packet->fragmented || packet->protocol != IPPROTO_TCP)
		return 0;
	if (bpf_skb_load_bytes(skb, packet->l4, &tcp, sizeof(tcp)) ||
	    bpf_skb_load_bytes(skb, 0, segment.ethernet, sizeof(segment.ethernet)) ||
	    bpf_skb_change_tail(skb, packet->l4 + sizeof(tcp), 0))
		return 0;
	acks = tcp.ack;
	resets = tcp.rst;
	length = packet->end - packet->l4 - tcp.doff * 4 + tcp.syn + tcp.fin;
	segment.partial = cpc_is_partial(skb, packet->l4 + offsetof(struct tcphdr, check));

	if (!resets) {
		__u8 swap[ETH_ALEN];
		__u8 *ethernet = segment.ethernet;

		__builtin_memcpy(swap, ethernet, ETH_ALEN);
		__builtin_memcpy(ethernet, ethernet + ETH_ALEN, ETH_ALEN);
		__builtin_memcpy(ethernet + ETH_ALEN, swap, ETH_ALEN);
		segment.source = packet->destination;
		segment.destination = packet->source;
		segment.hop_limit = CPC_RESET_TTL;
		segment.tcp.source = tcp.dest;
		segment.tcp.dest = tcp.source;
		segment.tcp.doff = sizeof(tcp) / 4;
		segment.tcp.rst = 1;
		if (acks) {
			segment.tcp.seq = tcp.ack_seq;
		} else {
			segment.tcp.ack = 1;
			segment.tcp.ack_seq = bpf_htonl(bpf_ntohl(tcp.seq) + length);
		}
		if (cpc_write_segment(skb, packet, &segment))
			return 0;
		skb->mark |= CPC_MARK_RESET;
		/* Back through the interface that it came from, or as if the endpoint had sent it. */
		bpf_clone_redirect(skb, skb->ifindex, direction == CPC_INGRESS ? BPF_F_INGRESS : 0);
		skb->mark &= ~CPC_MARK_RESET;
		__builtin_memcpy(swap, ethernet, ETH_ALEN);
		__builtin_memcpy(ethernet, ethernet + ETH_ALEN, ETH_ALEN);
		__builtin_memcpy(ethernet + ETH_ALEN, swap, ETH_ALEN);
	}
	segment.source = packet->source;
	segment.destination = packet->destination;
	segment.hop_limit = packet->hop_limit;
	__builtin_memset(&segment.tcp, 0, sizeof(segment.tcp));
	segment.tcp.source = tcp.source;
	segment.tcp.dest = tcp.dest;
	segment.tcp.doff = sizeof(tcp) / 4;
	segment.tcp.seq = tcp.seq;
	segment.tcp.rst = 1;
	segment.tcp.ack = acks;
	if (acks)
		segment.tcp.ack_seq = tcp.ack_seq;
	return !cpc_write_segment(skb, packet, &segment);
}

#endif
