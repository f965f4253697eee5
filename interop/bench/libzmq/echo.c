#include <errno.h>
#include <string.h>

#include <zmq.h>

#include "fail.h"
#include "role.h"

struct echo {
	void *socket;
	zmq_msg_t frames[FRAMES_MAX + 1]; /* a ROUTER puts the peer's identity first */
};

/* receive takes one message whole, which a REP has to before it may reply, and
 * returns its number of frames. */
static size_t receive(struct echo *e)
{
	for (size_t n = 0; n <= FRAMES_MAX; n++) {
		check_zmq(zmq_msg_recv(&e->frames[n], e->socket, 0), "zmq_msg_recv");
		if (!zmq_msg_more(&e->frames[n]))
			return n + 1;
	}
	fail("echo: more than %d frames in a message", FRAMES_MAX);
}

/* reply sends the frames as they came: the memory moves on, nothing is copied. */
static void reply(struct echo *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (zmq_msg_send(&e->frames[i], e->socket, i + 1 < n ? ZMQ_SNDMORE : 0) == -1) {
			if (i == 0 && zmq_errno() == EHOSTUNREACH)
				return; /* who asked has gone */
			fail_zmq("zmq_msg_send");
		}
	}
}

static void *run(void *argument)
{
	struct echo *e = argument;

	for (;;)
		reply(e, receive(e));
	return NULL;
}

void echo_start(struct bench *b)
{
	struct echo *e = new_array(1, sizeof *e);

	for (size_t i = 0; i <= FRAMES_MAX; i++)
		check_zmq(zmq_msg_init(&e->frames[i]), "zmq_msg_init");
	if (strcmp(b->flags->pattern, "dealerrouter") == 0) {
		e->socket = open_socket(b, ZMQ_ROUTER);
		/* As many requests may be under way as the queue of replies has room
		 * for. By default a ROUTER that finds it full drops the reply; with
		 * this option it waits. */
		set_option(e->socket, ZMQ_ROUTER_MANDATORY, 1);
	} else {
		e->socket = open_socket(b, ZMQ_REP);
	}
	bind_socket(b, e->socket);
	start_thread(run, e);
}
