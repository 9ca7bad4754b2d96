/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Stands in for lib/datapath.h: many decisions by one call from the test. */

/* One question and its answer. */
struct cpc_question {
	__u64 subject[CPC_SUBJECT_WORDS];
	__u64 bits[CPC_WORDS];
	__u32 direction;
	__u32 key;
	__u32 answer;
	__u32 pad;
};

void cpc_answer(struct cpc_question *questions, __u32 count);

void cpc_answer(struct cpc_question *questions, __u32 count)
{
	for (__u32 i = 0; i < count; i++) {
		struct cpc_question *q = &questions[i];

		for (__u32 word = 0; word < CPC_SUBJECT_WORDS; word++)
			endpoint.subject[word] = q->subject[word];
		if (q->direction == CPC_INGRESS)
			q->answer = cpc_decide_ingress(q->bits, q->key);
		else
			q->answer = cpc_decide_egress(q->bits, q->key);
	}
}
