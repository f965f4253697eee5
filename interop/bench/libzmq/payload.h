/* The octets that are sent: one buffer, written once, sent again and again. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

enum {
	TOPIC_SIZE = 8,        /* octets: decimal digits, zeros in front */
	TOPICS_MAX = 100000000 /* that many fit into TOPIC_SIZE digits */
};

/* new_payload allocates size octets that are not all zeros. */
char *new_payload(size_t size);

/* check_topic ends the process if a frame has no room for a topic. */
void check_topic(size_t size);

/* set_topic writes topic number n to the first TOPIC_SIZE octets. */
void set_topic(char *payload, uint64_t n);

/* next_topic makes the topic the next number: on average 1.1 octets change. */
static inline void next_topic(char *payload)
{
	char *digit = payload + TOPIC_SIZE - 1;

	while (*digit == '9' && digit > payload)
		*digit-- = '0';
	++*digit;
}

#endif
