/* One message, sent and received whole. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <zmq.h>

/* send_message sends frames times the payload as one message, copied. */
void send_message(void *socket, const char *payload, size_t size, uint64_t frames);

/* receive_message waits for a message, keeps its last frame in frame, and
 * returns the octets of all. */
uint64_t receive_message(void *socket, zmq_msg_t *frame);

/* check_octets ends the process if a message is not as long as it should be. */
void check_octets(uint64_t octets, uint64_t want);

#endif
