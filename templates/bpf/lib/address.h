/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Who is at an address: the longest matching prefix names a row, the row holds the selector bits. */
#ifndef CPC_ADDRESS_H
#define CPC_ADDRESS_H

#include "types.h"

#include <bpf/bpf_helpers.h>

struct cpc_prefix4 {
	__u32 length;
	__u32 address;
};

struct cpc_prefix6 {
	__u32 length;
	struct cpc_address address;
};

/* User space sets the sizes before load. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct cpc_prefix4);
	__type(value, __u32);
} addresses4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct cpc_prefix6);
	__type(value, __u32);
} addresses6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpc_row);
} rows SEC(".maps");

/* NULL only where the tables contradict each other. */
static __always_inline const struct cpc_row *cpc_row_at(__u8 family,
							const struct cpc_address *address)
{
	struct cpc_prefix4 prefix4 = {.length = 32, .address = address->words[3]};
	struct cpc_prefix6 prefix6 = {.length = 128, .address = *address};
	__u32 *found, index = 0;

	if (family == 4)
		found = bpf_map_lookup_elem(&addresses4, &prefix4);
	else
		found = bpf_map_lookup_elem(&addresses6, &prefix6);
	if (found)
		index = *found;
	return bpf_map_lookup_elem(&rows, &index);
}

#endif
