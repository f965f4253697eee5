#include "curve.h"

#include <zmq.h>

#include "bench.h"
#include "fail.h"

/* set_key sets an option that is a key in Z85. */
static void set_key(void *socket, int option, const char *key)
{
	check_zmq(zmq_setsockopt(socket, option, key, KEY_SIZE + 1), "zmq_setsockopt of a key");
}

/* check_curve ends the process if this libzmq was built without CURVE. */
static void check_curve(void)
{
	if (!zmq_has("curve"))
		fail("this libzmq has no CURVE");
}

void curve_serve(const struct flags *f, void *socket)
{
	if (!f->server_key)
		return;
	check_curve();
	set_option(socket, ZMQ_CURVE_SERVER, 1);
	set_key(socket, ZMQ_CURVE_SECRETKEY, f->server_secret);
}

void curve_call(const struct flags *f, void *socket)
{
	char public[KEY_SIZE + 1], secret[KEY_SIZE + 1];

	if (!f->server_key)
		return;
	check_curve();
	check_zmq(zmq_curve_keypair(public, secret), "zmq_curve_keypair");
	set_key(socket, ZMQ_CURVE_SERVERKEY, f->server_key);
	set_key(socket, ZMQ_CURVE_PUBLICKEY, public);
	set_key(socket, ZMQ_CURVE_SECRETKEY, secret);
}
