/* What the roles of a process share, and what they do alike. */
#ifndef BENCH_H
#define BENCH_H

#include "flags.h"
#include "meter.h"

struct bench {
	const struct flags *flags;
	void *context;      /* of libzmq, one for the process */
	char endpoint[256]; /* what was bound, or is to be connected to */
	struct meter meter;
};

/* open_context makes the context, with libzmq's defaults: one I/O thread. The
 * limit of sockets is raised if the flags ask for more than fit. */
void open_context(struct bench *b);

/* open_socket makes a socket with libzmq's defaults, unless -hwm is given. */
void *open_socket(const struct bench *b, int type);

/* set_option sets an option that is an int. */
void set_option(void *socket, int option, int value);

/* bind_socket binds to the transport and notes the endpoint. */
void bind_socket(struct bench *b, void *socket);

/* connect_socket connects to the endpoint. */
void connect_socket(const struct bench *b, void *socket);

/* start_thread runs a function that never returns. */
void start_thread(void *(*run)(void *), void *argument);

/* new_array allocates n zeroed elements. */
void *new_array(size_t n, size_t size);

#endif
