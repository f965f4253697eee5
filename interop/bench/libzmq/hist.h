/* A histogram of latencies: 64 buckets an octave, each at most 1.6 % wide. */
#ifndef HIST_H
#define HIST_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { HIST_BUCKETS = 59 * 64 }; /* up to 2^64 - 1 nanoseconds */

/* One thread adds, others read. */
struct hist {
	_Atomic uint64_t counts[HIST_BUCKETS];
};

/* hist_bucket returns the bucket of v nanoseconds: v itself below 64, then the
 * octave and the 6 binary digits that follow the highest one. */
static inline size_t hist_bucket(uint64_t v)
{
	if (v < 64)
		return (size_t)v;
	unsigned shift = 57 - (unsigned)__builtin_clzll(v); /* floor(log2 v) - 6 */
	return shift * 64 + (size_t)(v >> shift);
}

/* hist_add counts v nanoseconds. A store will do: nobody else writes. */
static inline void hist_add(struct hist *h, uint64_t v)
{
	_Atomic uint64_t *count = &h->counts[hist_bucket(v)];

	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

#endif
