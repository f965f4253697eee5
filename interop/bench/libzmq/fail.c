#define _POSIX_C_SOURCE 200809L
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

void fail(const char *format, ...)
{
	va_list arguments;

	flockfile(stderr); /* for good: of two threads that fail, one may speak */
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_Exit(1);
}

void fail_errno(const char *call)
{
	fail("%s: %s", call, strerror(errno));
}

void fail_zmq(const char *call)
{
	fail("%s: %s", call, zmq_strerror(zmq_errno()));
}

void check_zmq(int result, const char *call)
{
	if (result == -1)
		fail_zmq(call);
}
