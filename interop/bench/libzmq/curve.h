/* CURVE, if the flags ask for it; else these do nothing. */
#ifndef CURVE_H
#define CURVE_H

#include "flags.h"

/* curve_serve makes a socket, before it binds, a server that lets every client
 * in: nobody answers for ZAP, so nobody is asked. */
void curve_serve(const struct flags *f, void *socket);

/* curve_call makes a socket, before it connects, a client with keys of its own. */
void curve_call(const struct flags *f, void *socket);

#endif
