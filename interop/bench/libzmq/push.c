#include <pthread.h>
#include <unistd.h>

#include <zmq.h>

#include "control.h"
#include "fail.h"
#include "message.h"
#include "payload.h"
#include "role.h"

struct push {
	const struct bench *bench;
	const char *payload;
	void **sockets;
	pthread_mutex_t mutex; /* around the socket when several threads send */
};

/* run_one sends on one socket. */
static void *run_one(void *argument)
{
	struct push *p = argument;
	const struct flags *f = p->bench->flags;

	await_begin();
	for (;;)
		send_message(p->sockets[0], p->payload, f->size, f->frames);
	return NULL;
}

/* run_locked sends on one socket that other threads send on. */
static void *run_locked(void *argument)
{
	struct push *p = argument;
	const struct flags *f = p->bench->flags;

	await_begin();
	for (;;) {
		pthread_mutex_lock(&p->mutex);
		send_message(p->sockets[0], p->payload, f->size, f->frames);
		pthread_mutex_unlock(&p->mutex);
	}
	return NULL;
}

/* run_round sends on one socket after the other. */
static void *run_round(void *argument)
{
	struct push *p = argument;
	const struct flags *f = p->bench->flags;

	await_begin();
	for (;;)
		for (uint64_t i = 0; i < f->sockets; i++)
			send_message(p->sockets[i], p->payload, f->size, f->frames);
	return NULL;
}

static void connect_all(struct push *p)
{
	for (uint64_t i = 0; i < p->bench->flags->sockets; i++) {
		p->sockets[i] = open_socket(p->bench, ZMQ_PUSH);
		connect_socket(p->bench, p->sockets[i]);
	}
}

/* run_once connects all sockets and sends one message on each. */
static void *run_once(void *argument)
{
	struct push *p = argument;
	const struct flags *f = p->bench->flags;

	await_begin();
	connect_all(p);
	for (uint64_t i = 0; i < f->sockets; i++)
		send_message(p->sockets[i], p->payload, f->size, f->frames);
	for (;;)
		pause();
	return NULL;
}

void push_start(struct bench *b)
{
	const struct flags *f = b->flags;
	struct push *p = new_array(1, sizeof *p);

	p->bench = b;
	p->payload = new_payload(f->size);
	p->sockets = new_array(f->sockets, sizeof *p->sockets);
	pthread_mutex_init(&p->mutex, NULL);
	if (f->once) {
		start_thread(run_once, p);
		return;
	}
	connect_all(p);
	if (f->sockets > 1)
		start_thread(run_round, p);
	else if (f->senders == 1)
		start_thread(run_one, p);
	else
		for (uint64_t i = 0; i < f->senders; i++)
			start_thread(run_locked, p);
}
