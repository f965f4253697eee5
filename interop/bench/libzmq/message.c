#include "message.h"

#include <inttypes.h>

#include "fail.h"

void send_message(void *socket, const char *payload, size_t size, uint64_t frames)
{
	while (--frames > 0)
		check_zmq(zmq_send(socket, payload, size, ZMQ_SNDMORE), "zmq_send");
	check_zmq(zmq_send(socket, payload, size, 0), "zmq_send");
}

uint64_t receive_message(void *socket, zmq_msg_t *frame)
{
	uint64_t octets = 0;

	do {
		int size = zmq_msg_recv(frame, socket, 0);

		check_zmq(size, "zmq_msg_recv");
		octets += (uint64_t)size;
	} while (zmq_msg_more(frame));
	return octets;
}

void check_octets(uint64_t octets, uint64_t want)
{
	if (octets != want)
		fail("a message of %" PRIu64 " octets, want %" PRIu64, octets, want);
}
