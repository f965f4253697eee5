#include <string.h>

#include <zmq.h>

#include "clock.h"
#include "control.h"
#include "fail.h"
#include "message.h"
#include "payload.h"
#include "role.h"

struct ask {
	const struct flags *flags;
	void *socket;
	const char *payload;
	uint64_t *starts; /* of the requests under way, a ring: replies come in order */
	struct counter *counter;
	struct hist *latency;
};

/* due returns when request k starts. At a fixed rate that is a matter of the
 * calendar and not of when the request can be sent, so that each request held
 * up by a slow one before it counts its waiting too. */
static uint64_t due(const struct ask *a, uint64_t begin, uint64_t k)
{
	if (a->flags->rate == 0)
		return clock_now();
	uint64_t time = begin + k * 1000000000 / a->flags->rate;
	clock_wait(time);
	return time;
}

static void *run(void *argument)
{
	const struct ask *a = argument;
	const struct flags *f = a->flags;
	uint64_t octets = f->size * f->frames, next = 0;
	zmq_msg_t frame;

	check_zmq(zmq_msg_init(&frame), "zmq_msg_init");
	await_begin();
	uint64_t begin = clock_now();
	for (uint64_t sent = 0;; sent++) {
		if (sent >= f->inflight) {
			uint64_t replies = sent - f->inflight + 1;

			check_octets(receive_message(a->socket, &frame), octets);
			hist_add(a->latency, clock_now() - a->starts[next]);
			counter_store(a->counter, replies, replies * octets);
			if (replies == 1)
				say("warm");
		}
		a->starts[next] = due(a, begin, sent);
		if (++next == f->inflight)
			next = 0;
		send_message(a->socket, a->payload, f->size, f->frames);
	}
	return NULL;
}

void ask_start(struct bench *b)
{
	struct ask *a = new_array(1, sizeof *a);

	a->flags = b->flags;
	a->payload = new_payload(b->flags->size);
	a->starts = new_array(b->flags->inflight, sizeof *a->starts);
	a->counter = meter_counter(&b->meter);
	a->latency = meter_latency(&b->meter);
	a->socket = open_socket(b, strcmp(b->flags->pattern, "dealerrouter") == 0 ? ZMQ_DEALER : ZMQ_REQ);
	connect_socket(b, a->socket);
	start_thread(run, a);
}
