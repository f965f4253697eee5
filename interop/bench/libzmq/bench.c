#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <zmq.h>

#include "curve.h"
#include "fail.h"

void open_context(struct bench *b)
{
	const struct flags *f = b->flags;
	int sockets = 2 + (int)f->sockets + (int)f->subscribers; /* and one that binds, one that asks */

	b->context = zmq_ctx_new();
	if (!b->context)
		fail_zmq("zmq_ctx_new");
	check_zmq(zmq_ctx_set(b->context, ZMQ_IO_THREADS, (int)f->iothreads), "zmq_ctx_set ZMQ_IO_THREADS");
	if (sockets > zmq_ctx_get(b->context, ZMQ_MAX_SOCKETS))
		check_zmq(zmq_ctx_set(b->context, ZMQ_MAX_SOCKETS, sockets), "zmq_ctx_set ZMQ_MAX_SOCKETS");
}

void set_option(void *socket, int option, int value)
{
	check_zmq(zmq_setsockopt(socket, option, &value, sizeof value), "zmq_setsockopt");
}

void *open_socket(const struct bench *b, int type)
{
	void *socket = zmq_socket(b->context, type);

	if (!socket)
		fail_zmq("zmq_socket");
	if (b->flags->hwm > 0) {
		set_option(socket, ZMQ_SNDHWM, (int)b->flags->hwm);
		set_option(socket, ZMQ_RCVHWM, (int)b->flags->hwm);
	}
	return socket;
}

void bind_socket(struct bench *b, void *socket)
{
	const char *transport = b->flags->transport;
	const char *to = b->endpoint;
	size_t size = sizeof b->endpoint;

	if (strcmp(transport, "tcp") == 0)
		to = "tcp://127.0.0.1:*";
	else if (strcmp(transport, "inproc") == 0)
		to = "inproc://bench";
	else if (*to == '\0')
		fail("-transport ipc takes -endpoint");
	/* libzmq lets 100 connections wait to be accepted, and the system ignores
	 * those above that for a second or more each. Go lets as many wait as the
	 * system allows. */
	set_option(socket, ZMQ_BACKLOG, SOMAXCONN);
	curve_serve(b->flags, socket);
	check_zmq(zmq_bind(socket, to), "zmq_bind");
	check_zmq(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, b->endpoint, &size),
		  "zmq_getsockopt ZMQ_LAST_ENDPOINT");
}

void connect_socket(const struct bench *b, void *socket)
{
	if (b->endpoint[0] == '\0')
		fail("a role that connects takes -endpoint");
	curve_call(b->flags, socket);
	check_zmq(zmq_connect(socket, b->endpoint), "zmq_connect");
}

void start_thread(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run, argument);
	if (errno != 0)
		fail_errno("pthread_create");
}

void *new_array(size_t n, size_t size)
{
	void *array = calloc(n, size);

	if (!array)
		fail_errno("calloc");
	return array;
}
