#include <zmq.h>

#include "control.h"
#include "message.h"
#include "payload.h"
#include "role.h"

struct pub {
	const struct flags *flags;
	void *socket;
	char *payload;
};

static void *run(void *argument)
{
	const struct pub *p = argument;
	const struct flags *f = p->flags;

	await_begin();
	for (;;) {
		set_topic(p->payload, 0);
		send_message(p->socket, p->payload, f->size, f->frames);
		for (uint64_t topic = 1; topic < f->subscriptions; topic++) {
			next_topic(p->payload);
			send_message(p->socket, p->payload, f->size, f->frames);
		}
	}
	return NULL;
}

void pub_start(struct bench *b)
{
	struct pub *p = new_array(1, sizeof *p);

	check_topic(b->flags->size);
	p->flags = b->flags;
	p->payload = new_payload(b->flags->size);
	p->socket = open_socket(b, ZMQ_PUB);
	bind_socket(b, p->socket);
	start_thread(run, p);
}
