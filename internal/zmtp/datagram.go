package zmtp

// MaxDatagram is how many octets a datagram has at most: libzmq sends none that
// is longer, and cuts those it receives (EP-42).
const MaxDatagram = 8192

// MaxDatagramGroup is how many octets the name of a group has at most in a
// datagram that we send: what all others read alike.
const MaxDatagramGroup = 127

// AppendDatagram appends a message of a group as it goes over UDP (RD-06): the
// size of the group's name in one octet, the name, and the body. The group must
// be valid; the caller sees to MaxDatagram and MaxDatagramGroup.
func AppendDatagram(dst, group, body []byte) []byte {
	return append(append(append(dst, byte(len(group))), group...), body...)
}

// ParseDatagram takes a datagram apart. Both parts are of b, not copies. It
// reports false for one that is no group and body.
func ParseDatagram(b []byte) (group, body []byte, ok bool) {
	if len(b) == 0 || 1+int(b[0]) > len(b) {
		return nil, nil, false
	}
	group, body = b[1:1+int(b[0])], b[1+int(b[0]):]
	return group, body, ValidGroup(group)
}
