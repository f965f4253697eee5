/* Time, in nanoseconds of the monotonic clock. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

uint64_t clock_now(void);

/* clock_wait returns at the time due, or at once if that has passed. It sleeps
 * until shortly before and then yields, because a sleep ends late. */
void clock_wait(uint64_t due);

#endif
