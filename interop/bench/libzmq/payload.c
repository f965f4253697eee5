#include "payload.h"

#include <stdlib.h>

#include "fail.h"

char *new_payload(size_t size)
{
	char *payload = malloc(size > 0 ? size : 1);

	if (!payload)
		fail_errno("malloc");
	for (size_t i = 0; i < size; i++)
		payload[i] = (char)(1 + i % 251); /* a prime: no power of two repeats it */
	return payload;
}

void check_topic(size_t size)
{
	if (size < TOPIC_SIZE)
		fail("-size %zu has no room for a topic of %d", size, TOPIC_SIZE);
}

void set_topic(char *payload, uint64_t n)
{
	for (int i = TOPIC_SIZE - 1; i >= 0; i--) {
		payload[i] = (char)('0' + n % 10);
		n /= 10;
	}
}
