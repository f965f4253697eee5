package pattern

// SplitEnvelope divides a message as REP reads it: the address envelope with the empty delimiter frame that ends it,
// and the body after that. The first empty frame is the delimiter; further ones belong to the body (RR-22). It
// reports false if the message has no delimiter or nothing after it: RFC 28 wants at least one data frame, and such a
// message is to be discarded whole (RR-24).
//
// Both results are parts of frames and share its memory; appending to them leaves frames alone, so that a reply may
// be made by append(envelope, reply...) (RR-23).
func SplitEnvelope(frames [][]byte) (envelope, body [][]byte, ok bool) {
	for i, frame := range frames {
		if len(frame) > 0 {
			continue
		}
		end := i + 1
		if end == len(frames) {
			break
		}
		return frames[:end:end], frames[end:len(frames):len(frames)], true
	}
	return nil, nil, false
}
