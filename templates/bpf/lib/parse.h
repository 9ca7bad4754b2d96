/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One pass over the headers: what the rest needs to know of a packet, or why it cannot pass. */
#ifndef CPC_PARSE_H
#define CPC_PARSE_H

#include "cursor.h"
#include "reason.h"
#include "types.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>

#define CPC_PARSED (-1) /* the packet is IP and its facts are known; else an enum cpc_reason */

#define CPC_EXTENSIONS 8    /* IPv6 extension headers that are walked */
#define CPC_IPV4_OPTIONS 40 /* bytes at most */
#define CPC_LSRR 131	    /* loose source route (RFC 791) */
#define CPC_SSRR 137	    /* strict source route (RFC 791) */
#define CPC_FOREIGN 0x100   /* an ICMP that is not the family's own, in a service key */
#define CPC_UDP_HEADER 8
#define CPC_SCTP_HEADER 12
#define CPC_ICMP_HEADER 8

/* ICMP types (RFC 792, RFC 4443); the kernel's headers for them pull in the C library. */
#define CPC_ICMP_ECHO_REPLY 0
#define CPC_ICMP_UNREACHABLE 3
#define CPC_ICMP_ECHO 8
#define CPC_ICMP_TIME_EXCEEDED 11
#define CPC_ICMP_PARAMETER 12
#define CPC_ICMPV6_UNREACHABLE 1
#define CPC_ICMPV6_PARAMETER 4
#define CPC_ICMPV6_ECHO 128
#define CPC_ICMPV6_ECHO_REPLY 129

#define CPC_TCP_FIN 0x01
#define CPC_TCP_SYN 0x02
#define CPC_TCP_RST 0x04
#define CPC_TCP_ACK 0x10

enum cpc_echo {
	CPC_NO_ECHO = 0,
	CPC_ECHO_REQUEST = 1,
	CPC_ECHO_REPLY = 2,
};

/* Offsets count from the start of the Ethernet header. */
struct cpc_packet {
	struct cpc_address source;
	struct cpc_address destination;
	__u32 l3;  /* the IP header */
	__u32 l4;  /* the upper-layer header, or a later fragment's data */
	__u32 end; /* one past the IP packet; padding may follow */
	__u32 service_key;
	__u32 fragment_id;
	__u32 fragment_start;  /* what fragment offsets count from */
	__u16 fragment_offset; /* bytes; 0 for a first fragment and a whole packet */
	__u16 l4_size; /* bytes of the upper-layer header; 0 where it has no ports or type */
	__be16 source_port;
	__be16 destination_port;
	__be16 echo_id;
	__u8 family; /* 4 or 6 */
	__u8 protocol;
	__u8 hop_limit;
	__u8 fragmented; /* it says that it is one: also an IPv6 fragment that is the whole packet */
	__u8 more;	 /* further fragments follow */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 echo;    /* enum cpc_echo */
	__u8 outside; /* neighbour discovery or link-local multicast listeners: no policy's business */
};

static __always_inline bool cpc_is_icmp(const struct cpc_packet *packet)
{
	return packet->protocol == (packet->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* Refuses source routes, and options whose lengths do not add up: their end is then anyone's guess. */
static __always_inline int cpc_check_options(struct __sk_buff *skb, __u32 start, __u32 size)
{
	__u32 at = 0;

	for (__u32 i = 0; i < CPC_IPV4_OPTIONS; i++) {
		__u8 *option;
		__u32 length;

		at = cpc_forget(skb, at);
		if (at >= size)
			return CPC_PARSED;
		option = cpc_at(skb, start + at, 1);
		if (!option)
			return CPC_DROP_MALFORMED;
		switch (*option) {
		case 0: /* end of options */
			return CPC_PARSED;
		case 1: /* no operation */
			at++;
			continue;
		case CPC_LSRR:
		case CPC_SSRR:
			return CPC_DROP_SOURCE_ROUTE;
		}
		option = cpc_at(skb, start + at, 2);
		if (!option)
			return CPC_DROP_MALFORMED;
		length = option[1];
		if (length < 2 || at + length > size)
			return CPC_DROP_MALFORMED;
		at += length;
	}
	return CPC_PARSED;
}

/* The IPv4 header. `quoted`: by an ICMP error, so only the packet's beginning is there, and `end` is the
 * error's.
 */
static __always_inline int cpc_parse_ipv4(struct __sk_buff *skb, struct cpc_packet *packet,
					  bool quoted)
{
	struct iphdr *ip = cpc_at(skb, packet->l3, sizeof(*ip));
	__u32 header, total, fragment;

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return CPC_DROP_MALFORMED;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	fragment = bpf_ntohs(ip->frag_off);
	packet->family = 4;
	packet->protocol = ip->protocol;
	packet->hop_limit = ip->ttl;
	packet->source.words[2] = bpf_htonl(0xffff);
	packet->source.words[3] = ip->saddr;
	packet->destination.words[2] = bpf_htonl(0xffff);
	packet->destination.words[3] = ip->daddr;
	packet->fragment_id = ip->id;
	packet->fragment_offset = (fragment & 0x1fff) * 8;
	packet->more = !!(fragment & 0x2000);
	packet->fragmented = !!(fragment & 0x3fff);
	packet->l4 = packet->l3 + header;
	packet->fragment_start = packet->l4;
	if (quoted)
		return CPC_PARSED;
	packet->end = packet->l3 + total;
	/* A length of 0 is how the stack writes a segment of more than 64 KiB, which it alone can. */
	if (total == 0 && skb->gso_size)
		packet->end = skb->len;
	if (packet->l4 > packet->end || packet->end > skb->len)
		return CPC_DROP_MALFORMED;
	return cpc_check_options(skb, packet->l3 + sizeof(*ip), header - sizeof(*ip));
}

/* The IPv6 header and the extension headers up to the upper layer, or up to a later fragment's data. */
static __always_inline int cpc_parse_ipv6(struct __sk_buff *skb, struct cpc_packet *packet,
					  bool quoted)
{
	struct ipv6hdr *ip = cpc_at(skb, packet->l3, sizeof(*ip));
	__u32 at = packet->l3 + sizeof(*ip);
	__u32 total;
	__u8 next;

	if (!ip || ip->version != 6)
		return CPC_DROP_MALFORMED;
	total = bpf_ntohs(ip->payload_len);
	next = ip->nexthdr;
	packet->family = 6;
	packet->hop_limit = ip->hop_limit;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip->daddr, sizeof(packet->destination));
	if (!quoted)
		packet->end = total == 0 && skb->gso_size ? skb->len : at + total;
	if (packet->end > skb->len)
		return CPC_DROP_MALFORMED;

	for (__u32 i = 0; i <= CPC_EXTENSIONS; i++) {
		bool fragment = next == IPPROTO_FRAGMENT;
		__u8 *header;

		at = cpc_forget(skb, at);
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    !fragment) {
			packet->protocol = next;
			packet->l4 = at;
			return CPC_PARSED;
		}
		header = cpc_at(skb, at, 8);
		if (!header || at + 8 > packet->end || i == CPC_EXTENSIONS)
			return CPC_DROP_MALFORMED;
		if (next == IPPROTO_HOPOPTS && i != 0)
			return CPC_DROP_MALFORMED;
		if (next == IPPROTO_ROUTING && header[3] != 0)
			return CPC_DROP_SOURCE_ROUTE;
		next = header[0];
		if (!fragment) {
			at += (header[1] + 1) * 8;
			if (at > packet->end)
				return CPC_DROP_MALFORMED;
			continue;
		}
		if (packet->fragmented)
			return CPC_DROP_MALFORMED;
		at += 8;
		packet->fragmented = 1;
		packet->fragment_start = at;
		packet->fragment_offset = (header[2] << 8 | header[3]) & 0xfff8;
		packet->more = header[3] & 1;
		packet->fragment_id = *(__u32 *)(header + 4);
		if (packet->fragment_offset) {
			packet->protocol = next;
			packet->l4 = at;
			return CPC_PARSED;
		}
	}
	return CPC_DROP_MALFORMED;
}

/* Type, code and identifier of the family's own ICMP, and whether it passes outside of policy. */
static __always_inline void cpc_parse_icmp(struct cpc_packet *packet, const __u8 *header)
{
	bool first = packet->family == 4;
	__u8 type = header[0];

	packet->icmp_type = type;
	packet->icmp_code = header[1];
	if (header[1] == 0) {
		if (type == (first ? CPC_ICMP_ECHO : CPC_ICMPV6_ECHO))
			packet->echo = CPC_ECHO_REQUEST;
		if (type == (first ? CPC_ICMP_ECHO_REPLY : CPC_ICMPV6_ECHO_REPLY))
			packet->echo = CPC_ECHO_REPLY;
	}
	if (packet->echo)
		packet->echo_id = *(__be16 *)(header + 4);
	if (first || packet->fragmented)
		return;
	/* Neighbour discovery (RFC 4861), which no router forwards: the hop limit proves it. */
	if (type >= 133 && type <= 136 && header[1] == 0 && packet->hop_limit == 255)
		packet->outside = 1;
	/* Multicast listeners (RFC 2710, 3810), to link-local groups ff02::/16 only. */
	if ((type == 143 || (type >= 130 && type <= 132)) &&
	    (packet->destination.words[0] & bpf_htonl(0xffff0000)) == bpf_htonl(0xff020000))
		packet->outside = 1;
}

/* Ports, or ICMP type and code, of a packet whose upper-layer header starts at l4. */
static __always_inline int cpc_parse_upper(struct __sk_buff *skb, struct cpc_packet *packet,
					   bool quoted)
{
	bool icmp = cpc_is_icmp(packet);
	__u8 *header;
	__u32 size = 0;

	if (packet->protocol == IPPROTO_TCP)
		size = sizeof(struct tcphdr);
	else if (packet->protocol == IPPROTO_UDP)
		size = CPC_UDP_HEADER;
	else if (packet->protocol == IPPROTO_SCTP)
		size = CPC_SCTP_HEADER;
	else if (icmp)
		size = CPC_ICMP_HEADER;
	if (size == 0)
		return CPC_PARSED;
	if (quoted) /* an ICMP error quotes at least 8 bytes of it (RFC 792), and no more is needed */
		size = 8;
	if (packet->l4 + size > packet->end)
		return CPC_DROP_MALFORMED;
	header = cpc_at(skb, packet->l4, 8);
	if (!header)
		return CPC_DROP_MALFORMED;
	if (icmp) {
		cpc_parse_icmp(packet, header);
	} else {
		packet->source_port = *(__be16 *)header;
		packet->destination_port = *(__be16 *)(header + 2);
	}
	if (packet->protocol == IPPROTO_TCP && !quoted) {
		header = cpc_at(skb, packet->l4, sizeof(struct tcphdr));
		if (!header)
			return CPC_DROP_MALFORMED;
		packet->tcp_flags = header[13];
		size = (header[12] >> 4) * 4;
		if (size < sizeof(struct tcphdr) || packet->l4 + size > packet->end)
			return CPC_DROP_MALFORMED;
	}
	packet->l4_size = size;
	return CPC_PARSED;
}

/* `protocol << 16 | port`, as the policy's intervals are numbered (compiler/ir/nodes.py). */
static __always_inline __u32 cpc_service_key(const struct cpc_packet *packet)
{
	__u32 protocol = packet->protocol;

	if (cpc_is_icmp(packet))
		return protocol << 16 | packet->icmp_type << 8 | packet->icmp_code;
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return (protocol | CPC_FOREIGN) << 16;
	return protocol << 16 | bpf_ntohs(packet->destination_port);
}

/* Fills in a zeroed `packet`. A later fragment has no ports yet: cpc_take_fragment knows them. */
static __always_inline int cpc_parse(struct __sk_buff *skb, struct cpc_packet *packet)
{
	struct ethhdr *ethernet;
	int found;

	if (skb->vlan_present)
		return CPC_DROP_VLAN;
	ethernet = cpc_at(skb, 0, sizeof(*ethernet));
	if (!ethernet)
		return CPC_DROP_MALFORMED;
	packet->l3 = sizeof(*ethernet);
	switch (bpf_ntohs(ethernet->h_proto)) {
	case ETH_P_IP:
		found = cpc_parse_ipv4(skb, packet, false);
		break;
	case ETH_P_IPV6:
		found = cpc_parse_ipv6(skb, packet, false);
		break;
	case ETH_P_ARP:
		return CPC_PASS_OUTSIDE;
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return CPC_DROP_VLAN;
	default:
		return CPC_DROP_UNSUPPORTED_L3;
	}
	if (found != CPC_PARSED)
		return found;
	if (packet->fragment_offset) {
		/* It would overwrite the header that its first fragment was judged by. */
		if (packet->protocol == IPPROTO_TCP &&
		    packet->fragment_offset < sizeof(struct tcphdr))
			return CPC_DROP_MALFORMED;
		return CPC_PARSED;
	}
	found = cpc_parse_upper(skb, packet, false);
	if (found == CPC_PARSED)
		packet->service_key = cpc_service_key(packet);
	return found;
}

/* The facts of a packet wherever its bytes lie. A global function is verified once, on its own: were it
 * inlined, the kernel verifier would walk everything that follows for each way through the headers. It
 * must then doubt the pointer.
 */
__noinline int cpc_read(struct __sk_buff *skb, struct cpc_packet *packet)
{
	int found;

	if (!packet)
		return CPC_DROP_INTERNAL;
	found = cpc_parse(skb, packet);
	if (found == CPC_DROP_MALFORMED && cpc_is_split(skb)) {
		cpc_gather(skb);
		__builtin_memset(packet, 0, sizeof(*packet));
		found = cpc_parse(skb, packet);
	}
	return found;
}

#endif
