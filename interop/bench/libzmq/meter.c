#define _DEFAULT_SOURCE
#include "meter.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "fail.h"

struct counter *meter_counter(struct meter *m)
{
	struct counter *c = aligned_alloc(alignof(struct counter), sizeof *c);

	if (!c)
		fail_errno("aligned_alloc");
	memset(c, 0, sizeof *c);
	c->next = m->counters;
	m->counters = c;
	return c;
}

struct hist *meter_latency(struct meter *m)
{
	m->latency = calloc(1, sizeof *m->latency);
	if (!m->latency)
		fail_errno("calloc");
	return m->latency;
}

/* cpu_now returns the processor time of all threads, in nanoseconds. */
static uint64_t cpu_now(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) == -1)
		fail_errno("getrusage");
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000;
}

static void take(const struct meter *m, struct reading *r)
{
	r->messages = r->octets = 0;
	for (struct counter *c = m->counters; c; c = c->next) {
		r->messages += atomic_load_explicit(&c->messages, memory_order_relaxed);
		r->octets += atomic_load_explicit(&c->octets, memory_order_relaxed);
	}
	r->time = clock_now();
	r->cpu = cpu_now();
	if (m->latency)
		for (size_t b = 0; b < HIST_BUCKETS; b++)
			r->latencies[b] = atomic_load_explicit(&m->latency->counts[b], memory_order_relaxed);
}

void meter_mark(struct meter *m)
{
	take(m, &m->mark);
}

/* resident returns the octets of memory that the process occupies. */
static uint64_t resident(void)
{
	uint64_t pages;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f)
		fail_errno("/proc/self/statm");
	if (fscanf(f, "%*u %" SCNu64, &pages) != 1)
		fail("/proc/self/statm: no second number");
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static unsigned threads(void)
{
	char line[256];
	unsigned n = 0;
	FILE *f = fopen("/proc/self/status", "r");

	if (!f)
		fail_errno("/proc/self/status");
	while (n == 0 && fgets(line, sizeof line, f))
		sscanf(line, "Threads: %u", &n);
	fclose(f);
	if (n == 0)
		fail("/proc/self/status: no line \"Threads\"");
	return n;
}

static void print_latencies(const struct reading *from, const struct reading *to, FILE *out)
{
	const char *separator = "";

	for (size_t b = 0; b < HIST_BUCKETS; b++) {
		uint64_t n = to->latencies[b] - from->latencies[b];

		if (n > 0) {
			fprintf(out, "%s[%zu,%" PRIu64 "]", separator, b, n);
			separator = ",";
		}
	}
}

void meter_print(const struct meter *m, FILE *out, bool settle)
{
	struct reading now = {0};

	if (settle)
		malloc_trim(0);
	take(m, &now);
	fprintf(out,
		"{\"count\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"ns\":%" PRIu64 ",\"cpu_ns\":%" PRIu64
		",\"rss\":%" PRIu64 ",\"heap\":0,\"stacks\":0,\"goroutines\":0,\"threads\":%u,\"hist\":[",
		now.messages - m->mark.messages, now.octets - m->mark.octets, now.time - m->mark.time,
		now.cpu - m->mark.cpu, resident(), threads());
	print_latencies(&m->mark, &now, out);
	fputs("]}\n", out);
}
