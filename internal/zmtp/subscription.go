package zmtp

// The first octet of a subscription in message form.
const (
	cancelOctet    = 0
	subscribeOctet = 1
)

// AppendSubscribe appends a SUBSCRIBE frame, the form for peers from ZMTP 3.1
// up. An empty topic matches everything (WT-97). The size is right for every
// topic; libzmq 4.3.4 forgets LONG for 246 to 255 octets (WT-36).
func AppendSubscribe(dst, topic []byte) []byte {
	return append(appendCommand(dst, CommandSubscribe, len(topic)), topic...)
}

// AppendCancel appends a CANCEL frame, the form for peers from ZMTP 3.1 up.
func AppendCancel(dst, topic []byte) []byte {
	return append(appendCommand(dst, CommandCancel, len(topic)), topic...)
}

// AppendSubscribeMessage appends a subscription as a message of one frame, 0x01
// and the topic: the only form that peers of ZMTP 3.0 know (WT-02).
func AppendSubscribeMessage(dst, topic []byte) []byte {
	return appendSubscription(dst, subscribeOctet, topic)
}

// AppendCancelMessage appends the end of a subscription as a message of one
// frame, 0x00 and the topic, for peers of ZMTP 3.0.
func AppendCancelMessage(dst, topic []byte) []byte {
	return appendSubscription(dst, cancelOctet, topic)
}

func appendSubscription(dst []byte, first byte, topic []byte) []byte {
	return append(append(AppendHeader(dst, 0, 1+len(topic)), first), topic...)
}
