#include <zmq.h>

#include "control.h"
#include "fail.h"
#include "message.h"
#include "role.h"

struct pull {
	void *socket;
	struct counter *counter;
	uint64_t octets; /* of a message */
	uint64_t expect;
};

static void *run(void *argument)
{
	const struct pull *p = argument;
	uint64_t messages = 0;
	zmq_msg_t frame;

	check_zmq(zmq_msg_init(&frame), "zmq_msg_init");
	for (;;) {
		check_octets(receive_message(p->socket, &frame), p->octets);
		messages++;
		counter_store(p->counter, messages, messages * p->octets);
		if (messages == 1)
			say("warm");
		if (messages == p->expect)
			say("done");
	}
	return NULL;
}

void pull_start(struct bench *b)
{
	struct pull *p = new_array(1, sizeof *p);

	p->socket = open_socket(b, ZMQ_PULL);
	p->counter = meter_counter(&b->meter);
	p->octets = b->flags->size * b->flags->frames;
	p->expect = b->flags->expect;
	bind_socket(b, p->socket);
	start_thread(run, p);
}
