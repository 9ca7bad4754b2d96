/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The endpoint that this program is for. User space sets it before load. */
#ifndef CPC_ENDPOINT_H
#define CPC_ENDPOINT_H

#include "types.h"

#include <bpf/bpf_helpers.h>

/* A section of its own becomes a map of its own, which holds this struct and nothing else. Volatile, or
 * clang would fold the zeroes that stand here; the kernel verifier folds what user space wrote, since
 * the map is read-only and frozen by then.
 */
const volatile struct cpc_endpoint endpoint SEC(".rodata.endpoint") = {};

/* Whether an address belongs to the endpoint. The loops have constant bounds and an early way out: the
 * kernel verifier knows the counts and walks no further.
 */
static __always_inline bool cpc_is_own(__u8 family, const struct cpc_address *address)
{
	if (family == 4) {
		for (__u32 i = 0; i < CPC_ADDRESSES; i++) {
			if (i >= endpoint.count4)
				return false;
			if (address->words[3] == endpoint.address4[i])
				return true;
		}
		return false;
	}
	for (__u32 i = 0; i < CPC_ADDRESSES; i++) {
		if (i >= endpoint.count6)
			return false;
		if (address->words[0] == endpoint.address6[i].words[0] &&
		    address->words[1] == endpoint.address6[i].words[1] &&
		    address->words[2] == endpoint.address6[i].words[2] &&
		    address->words[3] == endpoint.address6[i].words[3])
			return true;
	}
	return false;
}

#endif
