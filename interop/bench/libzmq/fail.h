/* How the program fails: one line on the standard error, exit code 1. */
#ifndef FAIL_H
#define FAIL_H

/* fail ends the process with a message of its own. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* fail_errno ends the process because a call of the system failed with errno. */
_Noreturn void fail_errno(const char *call);

/* fail_zmq ends the process because a call of libzmq failed. */
_Noreturn void fail_zmq(const char *call);

/* check_zmq ends the process if the result of a call of libzmq is -1. */
void check_zmq(int result, const char *call);

#endif
