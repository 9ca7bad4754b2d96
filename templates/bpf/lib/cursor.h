/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The one way to a header: every access to packet bytes is bounds-checked here. */
#ifndef CPC_CURSOR_H
#define CPC_CURSOR_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

/* No header that is looked at starts further in: Ethernet, IPv6 and eight extension headers of 2048
 * bytes, twice for the packet that an ICMP error quotes. The kernel verifier wants a bound below 2^16.
 */
#define CPC_HEADERS_MAX 0x9000

/* `size` bytes (a constant) at `offset`, or NULL where the linear part of the packet ends before. */
static __always_inline void *cpc_at(struct __sk_buff *skb, __u32 offset, __u32 size)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;

	if (offset > CPC_HEADERS_MAX)
		return NULL;
	data += offset;
	/* What is compared must be the register that is used later: only its copies get the range. */
	asm volatile("" : "+r"(data));
	if (data + size > end)
		return NULL;
	return data;
}

/* The same value, of which the kernel verifier knows nothing any more: paths that differ in it become
 * one, and a loop over it is walked once per turn instead of once per history.
 */
static __always_inline __u32 cpc_forget(struct __sk_buff *skb, __u32 value)
{
	__u32 unknown = skb->len;

	value += unknown;
	asm volatile("" : "+r"(value));
	return value - unknown;
}

/* Whether a part of the packet lies outside of what `cpc_at` can reach. */
static __always_inline bool cpc_is_split(struct __sk_buff *skb)
{
	return (__u64)skb->data_end - (__u64)skb->data < skb->len;
}

/* Makes the part that headers may be in linear. Pointers into the packet are void after this. */
static __always_inline void cpc_gather(struct __sk_buff *skb)
{
	__u32 length = skb->len;
	__u32 enough = CPC_HEADERS_MAX + 64;

	bpf_skb_pull_data(skb, length < enough ? length : enough);
}

#endif
