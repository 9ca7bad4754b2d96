/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Replacing a policy on all hooks in one step. While it is replaced, each hook runs one of these, which
 * hands the packet to the old or to the new program. The epoch says which, one store changes it for all;
 * a packet that crosses two hooks carries the choice of the first one to the second.
 */
#ifndef CPC_SWAP_H
#define CPC_SWAP_H

#include "events.h"
#include "reason.h"
#include "types.h"

#include <bpf/bpf_helpers.h>
#include <linux/pkt_cls.h>

/* Two bits of the mark: 0 not chosen yet, else the epoch + 1. */
#define CPC_MARK_STAMP 0x30000000u
#define CPC_MARK_STAMP_SHIFT 28

/* One slot: 0, the old programs decide; 1, the new ones. One map for all hooks. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} swap_epoch SEC(".maps");

/* A hook's own: slot 0 its old program, slot 1 its new one. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} swap_programs SEC(".maps");

/* The epoch that decides this packet. */
static __always_inline __u32 cpc_epoch_of(__u32 mark)
{
	__u32 stamp = (mark & CPC_MARK_STAMP) >> CPC_MARK_STAMP_SHIFT;
	__u32 slot = 0;
	__u32 *current;

	if (stamp)
		return stamp - 1;
	current = bpf_map_lookup_elem(&swap_epoch, &slot);
	return current ? *current : 0;
}

/* A tail call that succeeds does not return: there is no program for this epoch, so the hook is closed. */
static __always_inline int cpc_swap_failed(struct __sk_buff *skb, __u32 direction)
{
	cpc_count(CPC_DROP_SWAP * 2 + direction, skb->len);
	return TC_ACT_SHOT;
}

/* The endpoint's egress comes first and stamps. */
SEC("tc")
int cpc_swap_ingress(struct __sk_buff *skb)
{
	__u32 epoch = cpc_epoch_of(skb->mark) & 1;

	skb->mark = (skb->mark & ~CPC_MARK_STAMP) | (epoch + 1) << CPC_MARK_STAMP_SHIFT;
	bpf_tail_call(skb, &swap_programs, epoch);
	return cpc_swap_failed(skb, CPC_EGRESS);
}

/* The endpoint's ingress comes last and takes the stamp off. */
SEC("tc")
int cpc_swap_egress(struct __sk_buff *skb)
{
	__u32 epoch = cpc_epoch_of(skb->mark) & 1;

	skb->mark &= ~CPC_MARK_STAMP;
	bpf_tail_call(skb, &swap_programs, epoch);
	return cpc_swap_failed(skb, CPC_INGRESS);
}

#endif
