package zmtp

import "bytes"

// MaxGroup is how many octets the name of a group has at most (RD-01).
const MaxGroup = 255

// ValidGroup reports whether a group may have this name: 0 to 255 octets,
// none of them NUL (RD-01).
func ValidGroup(group []byte) bool {
	return len(group) <= MaxGroup && bytes.IndexByte(group, 0) < 0
}

// AppendJoin appends a JOIN frame (RD-02). Its form is the same for every
// version of ZMTP 3.
func AppendJoin(dst, group []byte) []byte {
	return append(appendCommand(dst, CommandJoin, len(group)), group...)
}

// AppendLeave appends a LEAVE frame.
func AppendLeave(dst, group []byte) []byte {
	return append(appendCommand(dst, CommandLeave, len(group)), group...)
}
