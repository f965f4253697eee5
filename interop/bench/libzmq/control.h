/* The control protocol: commands on the standard input, answers on the
 * standard output, a line each. */
#ifndef CONTROL_H
#define CONTROL_H

#include "meter.h"

/* say writes one line, from any thread. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* await_begin returns once the command to begin has come. */
void await_begin(void);

/* control_run obeys commands until it is told to stop, or the input ends. */
void control_run(struct meter *m);

#endif
