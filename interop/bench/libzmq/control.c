#define _POSIX_C_SOURCE 200809L
#include "control.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t opened;
	bool open;
} gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};

void await_begin(void)
{
	pthread_mutex_lock(&gate.mutex);
	while (!gate.open)
		pthread_cond_wait(&gate.opened, &gate.mutex);
	pthread_mutex_unlock(&gate.mutex);
}

static void begin(void)
{
	pthread_mutex_lock(&gate.mutex);
	gate.open = true;
	pthread_cond_broadcast(&gate.opened);
	pthread_mutex_unlock(&gate.mutex);
}

/* sent ends the process if what was written did not get out. */
static void sent(void)
{
	if (fflush(stdout) == EOF)
		fail_errno("standard output");
}

void say(const char *format, ...)
{
	va_list arguments;

	flockfile(stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	sent();
	funlockfile(stdout);
}

static void measure(const struct meter *m, bool settle)
{
	flockfile(stdout);
	meter_print(m, stdout, settle);
	sent();
	funlockfile(stdout);
}

void control_run(struct meter *m)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while ((length = getline(&line, &capacity, stdin)) != -1) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (strcmp(line, "begin") == 0)
			begin();
		else if (strcmp(line, "mark") == 0)
			meter_mark(m);
		else if (strcmp(line, "measure") == 0)
			measure(m, false);
		else if (strcmp(line, "measure settle") == 0)
			measure(m, true);
		else if (strcmp(line, "stop") == 0)
			break;
		else
			fail("unknown command \"%s\"", line);
	}
	free(line);
}
