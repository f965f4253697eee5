/* The command line. The flags are those of every child (internal/child/config.go). */
#ifndef FLAGS_H
#define FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flags {
	char *roles;           /* one, or two with a comma between, the binder first */
	const char *transport; /* tcp, ipc or inproc */
	const char *endpoint;  /* to connect to, or for ipc to bind to; "" is none */
	const char *pattern;   /* reqrep or dealerrouter */
	size_t size;           /* octets of a frame */
	uint64_t frames;       /* of a message, 1 to FRAMES_MAX */
	uint64_t senders;      /* threads on the one socket of push */
	uint64_t sockets;      /* of push, all served by one thread */
	uint64_t expect;       /* messages until pull is done; 0 is never */
	uint64_t inflight;     /* requests under way */
	uint64_t rate;         /* requests a second; 0 is one after the other */
	uint64_t subscribers;
	uint64_t subscriptions; /* topics of all subscribers together */
	uint64_t hwm;           /* in messages; 0 leaves libzmq's default */
	uint64_t iothreads;
	const char *server_key;    /* of CURVE, in Z85; NULL is no security */
	const char *server_secret; /* who binds needs it; given if server_key is */
	bool once; /* push: connect when told to begin, send one message on each socket */
	bool version;
};

enum {
	FRAMES_MAX = 64,
	KEY_SIZE = 40 /* characters of Z85 */
};

/* parse_flags reads "-name value" pairs. A wrong one ends the process. */
struct flags parse_flags(int argc, char **argv);

#endif
