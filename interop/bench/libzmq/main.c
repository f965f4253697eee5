/* A child of the bench whose sockets are libzmq's. Its flags and the protocol it
 * is controlled by are those of the children in Go (internal/child). */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <zmq.h>

#include "bench.h"
#include "control.h"
#include "fail.h"
#include "role.h"

static const struct {
	const char *name;
	bool binds;
	void (*start)(struct bench *);
} roles[] = {
	{"pull", true, pull_start},  {"push", false, push_start}, {"echo", true, echo_start},
	{"ask", false, ask_start},   {"pub", true, pub_start},    {"sub", false, sub_start},
};

/* start_role starts one role and reports whether it has bound. */
static bool start_role(struct bench *b, const char *name)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
		if (strcmp(name, roles[i].name) == 0) {
			roles[i].start(b);
			return roles[i].binds;
		}
	}
	fail("unknown role \"%s\"", name);
}

/* raise_files allows as many open files as the system lets the process have, as
 * the runtime of Go does for the other children. */
static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		fail_errno("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		fail_errno("setrlimit");
}

static void print_version(void)
{
	int major, minor, patch;

	zmq_version(&major, &minor, &patch);
	say("%d.%d.%d", major, minor, patch);
}

/* leave ends the process without closing its sockets: that drops what is
 * unsent, as a linger of 0 would, and thousands of them would take a while. */
static _Noreturn void leave(const struct bench *b, bool bound)
{
	static const char ipc[] = "ipc://";

	if (bound && strncmp(b->endpoint, ipc, sizeof ipc - 1) == 0)
		unlink(b->endpoint + sizeof ipc - 1);
	_Exit(0);
}

int main(int argc, char **argv)
{
	struct flags flags = parse_flags(argc, argv);
	struct bench bench = {.flags = &flags};
	bool bound = false;

	if (flags.version) {
		print_version();
		return 0;
	}
	if (!flags.roles)
		fail("-roles is missing");
	if (strlen(flags.endpoint) >= sizeof bench.endpoint)
		fail("-endpoint is too long");
	strcpy(bench.endpoint, flags.endpoint);
	signal(SIGPIPE, SIG_IGN); /* a closed output is an error that is told */
	raise_files();
	open_context(&bench);
	for (char *name = strtok(flags.roles, ","); name; name = strtok(NULL, ","))
		bound |= start_role(&bench, name);
	meter_mark(&bench.meter);
	say("ready %s", bound ? bench.endpoint : "-");
	control_run(&bench.meter);
	leave(&bench, bound);
}
