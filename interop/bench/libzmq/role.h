/* The roles a process may play. Each start function makes the sockets, binds or
 * connects them, and leaves the rest to threads of its own. */
#ifndef ROLE_H
#define ROLE_H

#include "bench.h"

void pull_start(struct bench *b); /* binds a PULL and counts */
void push_start(struct bench *b); /* connects PUSH and sends */
void echo_start(struct bench *b); /* binds a REP or ROUTER and sends back what comes */
void ask_start(struct bench *b);  /* connects a REQ or DEALER and counts round trips */
void pub_start(struct bench *b);  /* binds a PUB and sends topic after topic */
void sub_start(struct bench *b);  /* connects SUB and counts deliveries */

#endif
