#include "flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "fail.h"
#include "payload.h"

/* one_of ends the process unless value is one of the choices, up to a NULL. */
static const char *one_of(const char *name, const char *value, const char *const *choices)
{
	for (; *choices; choices++)
		if (strcmp(value, *choices) == 0)
			return value;
	fail("-%s: unknown value \"%s\"", name, value);
}

static uint64_t number(const char *name, const char *value, uint64_t min, uint64_t max)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0)
		fail("-%s: \"%s\" is not a number", name, value);
	if (n < min || n > max)
		fail("-%s: %llu is not between %llu and %llu", name, n, (unsigned long long)min,
		     (unsigned long long)max);
	return n;
}

/* key ends the process unless value is a key of CURVE in Z85. */
static const char *key(const char *name, const char *value)
{
	uint8_t decoded[KEY_SIZE / 5 * 4];

	if (strlen(value) != KEY_SIZE || !zmq_z85_decode(decoded, value))
		fail("-%s: \"%s\" is not a key in Z85", name, value);
	return value;
}

/* parse_switch takes a flag without a value, and reports whether it was one. */
static bool parse_switch(struct flags *f, const char *name)
{
	if (strcmp(name, "once") == 0)
		f->once = true;
	else if (strcmp(name, "version") == 0)
		f->version = true;
	else if (strcmp(name, "reuse") != 0) /* a zmq_msg_t is reused anyway */
		return false;
	return true;
}

static void parse_value(struct flags *f, const char *name, char *value)
{
	static const char *const transports[] = {"tcp", "ipc", "inproc", NULL};
	static const char *const patterns[] = {"reqrep", "dealerrouter", NULL};
	const struct {
		const char *name;
		uint64_t *value;
		uint64_t min, max;
	} numbers[] = {
		{"frames", &f->frames, 1, FRAMES_MAX},
		{"senders", &f->senders, 1, 1000},
		{"sockets", &f->sockets, 1, 60000},
		{"expect", &f->expect, 0, UINT64_MAX},
		{"inflight", &f->inflight, 1, 1000000},
		{"rate", &f->rate, 0, 1000000000},
		{"subscribers", &f->subscribers, 1, 60000},
		{"subscriptions", &f->subscriptions, 1, TOPICS_MAX},
		{"hwm", &f->hwm, 0, 1 << 30},
		{"iothreads", &f->iothreads, 1, 64},
	};

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].value = number(name, value, numbers[i].min, numbers[i].max);
			return;
		}
	}
	if (strcmp(name, "roles") == 0)
		f->roles = value;
	else if (strcmp(name, "transport") == 0)
		f->transport = one_of(name, value, transports);
	else if (strcmp(name, "endpoint") == 0)
		f->endpoint = value;
	else if (strcmp(name, "pattern") == 0)
		f->pattern = one_of(name, value, patterns);
	else if (strcmp(name, "server-key") == 0)
		f->server_key = key(name, value);
	else if (strcmp(name, "server-secret") == 0)
		f->server_secret = key(name, value);
	else if (strcmp(name, "size") == 0)
		f->size = number(name, value, 0, 1 << 30);
	else
		fail("unknown flag -%s", name);
}

/* check_together ends the process for values that are right only by themselves. */
static void check_together(const struct flags *f)
{
	if (f->inflight > 1 && strcmp(f->pattern, "dealerrouter") != 0)
		fail("-inflight above 1 takes -pattern dealerrouter");
	if (f->inflight > 1 && f->rate > 0)
		fail("-rate takes -inflight 1");
	if (f->senders > 1 && (f->sockets > 1 || f->once))
		fail("-senders above 1 takes -sockets 1, and not -once");
	if (f->subscriptions > 1 && f->subscriptions < f->subscribers)
		fail("-subscriptions: each subscriber needs a topic");
	if (!f->server_key != !f->server_secret)
		fail("-server-key and -server-secret go together");
	if (f->server_key && strcmp(f->transport, "inproc") == 0)
		fail("-server-key is for a transport that leaves the process");
}

struct flags parse_flags(int argc, char **argv)
{
	struct flags f = {
		.transport = "tcp",
		.endpoint = "",
		.pattern = "reqrep",
		.size = 16,
		.frames = 1,
		.senders = 1,
		.sockets = 1,
		.inflight = 1,
		.subscribers = 1,
		.subscriptions = 1,
		.iothreads = 1,
	};

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			fail("\"%s\" is not a flag", argv[i]);
		if (parse_switch(&f, argv[i] + 1))
			continue;
		if (i + 1 == argc)
			fail("%s takes a value", argv[i]);
		parse_value(&f, argv[i] + 1, argv[i + 1]);
		i++;
	}
	check_together(&f);
	return f;
}
