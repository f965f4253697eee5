#include <stdatomic.h>
#include <string.h>

#include <zmq.h>

#include "control.h"
#include "fail.h"
#include "message.h"
#include "payload.h"
#include "role.h"

/* A subscriber is one socket and its thread, as it is in the other children.
 * One or two threads that share the sockets out, with zmq_poll or with epoll on
 * ZMQ_FD, were tried: no faster at 10 and 100 sockets, where the one I/O thread
 * sets the pace. At 1,000 the runs differed too much to tell. */
struct subscriber {
	void *socket;
	char last[TOPIC_SIZE]; /* of its topics: it comes when all are in force */
	uint64_t octets;       /* of a message */
	struct counter *counter;
	_Atomic uint64_t *cold; /* subscribers whose last topic is still to come */
};

static void *run(void *argument)
{
	const struct subscriber *s = argument;
	bool warm = false;
	zmq_msg_t frame;

	check_zmq(zmq_msg_init(&frame), "zmq_msg_init");
	for (uint64_t messages = 1;; messages++) {
		int size = zmq_msg_recv(&frame, s->socket, 0);
		uint64_t octets = (uint64_t)size;

		check_zmq(size, "zmq_msg_recv");
		if (!warm && memcmp(zmq_msg_data(&frame), s->last, TOPIC_SIZE) == 0) {
			warm = true;
			if (atomic_fetch_sub(s->cold, 1) == 1)
				say("warm");
		}
		if (zmq_msg_more(&frame))
			octets += receive_message(s->socket, &frame);
		check_octets(octets, s->octets);
		counter_store(s->counter, messages, messages * octets);
	}
	return NULL;
}

/* subscribe makes the socket of subscriber i and its topics: i, and each as many
 * further as there are subscribers; or the one topic that all share. */
static void subscribe(const struct bench *b, struct subscriber *s, uint64_t i)
{
	const struct flags *f = b->flags;
	uint64_t first = f->subscriptions == 1 ? 0 : i;

	s->socket = open_socket(b, ZMQ_SUB);
	/* A SUB sends nothing but subscriptions, and drops those that find its
	 * queue full. */
	set_option(s->socket, ZMQ_SNDHWM, 0);
	for (uint64_t topic = first; topic < f->subscriptions; topic += f->subscribers) {
		set_topic(s->last, topic);
		check_zmq(zmq_setsockopt(s->socket, ZMQ_SUBSCRIBE, s->last, TOPIC_SIZE),
			  "zmq_setsockopt ZMQ_SUBSCRIBE");
	}
	connect_socket(b, s->socket);
}

void sub_start(struct bench *b)
{
	uint64_t n = b->flags->subscribers;
	struct subscriber *subscribers = new_array(n, sizeof *subscribers);
	_Atomic uint64_t *cold = new_array(1, sizeof *cold);

	check_topic(b->flags->size);
	atomic_store(cold, n);
	for (uint64_t i = 0; i < n; i++) {
		struct subscriber *s = &subscribers[i];

		subscribe(b, s, i);
		s->octets = b->flags->size * b->flags->frames;
		s->counter = meter_counter(&b->meter);
		s->cold = cold;
		start_thread(run, s);
	}
}
