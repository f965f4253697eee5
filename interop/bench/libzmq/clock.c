#define _POSIX_C_SOURCE 200809L
#include "clock.h"

#include <sched.h>
#include <time.h>

enum { SECOND = 1000000000, OVERSLEEP = 200000 };

uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

void clock_wait(uint64_t due)
{
	if (due > clock_now() + OVERSLEEP) {
		uint64_t until = due - OVERSLEEP;
		struct timespec t = {.tv_sec = (time_t)(until / SECOND), .tv_nsec = (long)(until % SECOND)};

		/* A sleep that is interrupted leaves more to the loop below. */
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	}
	while (clock_now() < due)
		sched_yield();
}
