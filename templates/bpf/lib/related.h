/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* ICMP errors quote the packet that they are about: if its connection is known, they belong to it. */
#ifndef CPC_RELATED_H
#define CPC_RELATED_H

#include "conntrack.h"
#include "endpoint.h"
#include "parse.h"

static __always_inline bool cpc_is_error(const struct cpc_packet *packet)
{
	if (!cpc_is_icmp(packet) || packet->fragmented)
		return false;
	if (packet->family == 4)
		return packet->icmp_type == CPC_ICMP_UNREACHABLE ||
		       packet->icmp_type == CPC_ICMP_TIME_EXCEEDED ||
		       packet->icmp_type == CPC_ICMP_PARAMETER;
	return packet->icmp_type >= CPC_ICMPV6_UNREACHABLE &&
	       packet->icmp_type <= CPC_ICMPV6_PARAMETER;
}

static __always_inline bool cpc_is_same(const struct cpc_address *a, const struct cpc_address *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
	       a->words[2] == b->words[2] && a->words[3] == b->words[3];
}

/* Fills in the zeroed key of the connection that an ICMP error quotes. 0 where the quote is no packet
 * that the endpoint sent (the error comes to it) or was sent (the error comes from it). Global, as
 * cpc_read is.
 */
__noinline int cpc_read_quote(struct __sk_buff *skb, const struct cpc_packet *error,
			      __u32 direction, struct cpc_connection_key *key)
{
	struct cpc_packet quote = {};
	bool in = direction == CPC_INGRESS;
	int found;

	if (!error || !key)
		return 0;
	quote.l3 = error->l4 + CPC_ICMP_HEADER;
	quote.end = error->end;
	if (cpc_is_split(skb))
		cpc_gather(skb);
	if (error->family == 4)
		found = cpc_parse_ipv4(skb, &quote, true);
	else
		found = cpc_parse_ipv6(skb, &quote, true);
	if (found != CPC_PARSED || quote.fragment_offset || quote.l4 > quote.end)
		return 0;
	if (cpc_parse_upper(skb, &quote, true) != CPC_PARSED || !cpc_is_stateful(&quote))
		return 0;
	cpc_connection_key_of(&quote, in ? CPC_EGRESS : CPC_INGRESS, key);
	/* Routers on the way send errors too, so who sends one to the endpoint may be anyone. */
	if (!in && !cpc_is_same(&error->destination, &key->remote))
		return 0;
	return cpc_is_same(in ? &error->destination : &error->source, &key->local) &&
	       cpc_is_own(error->family, &key->local);
}

#endif
