/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Stands in for lib/endpoint.h where a decision runs as an ordinary program: the test sets the bits. */
#ifndef CPC_ENDPOINT_H
#define CPC_ENDPOINT_H

#include "types.h"

static volatile struct cpc_endpoint endpoint;

#endif
