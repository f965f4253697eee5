/* What is counted, and the window of time that it is reported for. */
#ifndef METER_H
#define METER_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hist.h"

/* A counter belongs to one thread, which keeps its own sums and stores them
 * here. It has a cache line to itself. */
struct counter {
	alignas(64) _Atomic uint64_t messages;
	_Atomic uint64_t octets;
	struct counter *next;
};

static inline void counter_store(struct counter *c, uint64_t messages, uint64_t octets)
{
	atomic_store_explicit(&c->messages, messages, memory_order_relaxed);
	atomic_store_explicit(&c->octets, octets, memory_order_relaxed);
}

/* Sums at one moment, since the process started. */
struct reading {
	uint64_t time, cpu; /* nanoseconds */
	uint64_t messages, octets;
	uint64_t latencies[HIST_BUCKETS];
};

struct meter {
	struct counter *counters;
	struct hist *latency; /* NULL unless this process asks */
	struct reading mark;  /* where the window starts */
};

/* meter_counter adds a counter. Only before the control loop runs. */
struct counter *meter_counter(struct meter *m);

/* meter_latency adds the histogram. Only before the control loop runs. */
struct hist *meter_latency(struct meter *m);

/* meter_mark starts the window. */
void meter_mark(struct meter *m);

/* meter_print writes one line of JSON: the window up to now, and what the
 * process takes now. Memory that libzmq gave back goes to the system first if
 * settle says so. */
void meter_print(const struct meter *m, FILE *out, bool settle);

#endif
