package zmtp

import (
	"fmt"
	"slices"
)

// The names of the commands that every ZMTP 3 connection may carry.
const (
	CommandReady     = "READY"
	CommandError     = "ERROR"
	CommandSubscribe = "SUBSCRIBE"
	CommandCancel    = "CANCEL"
	CommandPing      = "PING"
	CommandPong      = "PONG"
	CommandJoin      = "JOIN"
	CommandLeave     = "LEAVE"
)

const maxReason = 255

// ParseCommand splits the body of a command frame into name and payload; the
// payload is the rest of body, not a copy. The payload of SUBSCRIBE and CANCEL
// is the topic, that of JOIN and LEAVE the group and that of PONG the context; the others have a parser here.
// Names that are not known here are returned as they are, for what comes after
// the handshake has to be ignored when it is unknown (WT-31) and the handshake
// knows what it expects. Only those cost an allocation. A body without a whole
// name of at least 1 octet is a [*ProtocolError] of kind [BadCommand].
func ParseCommand(body []byte) (name string, payload []byte, err error) {
	if len(body) == 0 || body[0] == 0 || int(body[0]) >= len(body) {
		return "", nil, badCommandName(body)
	}
	end := 1 + int(body[0])
	return commandName(body[1:end]), body[end:], nil
}

func badCommandName(body []byte) error {
	if len(body) == 0 {
		return &ProtocolError{BadCommand, "an empty body", "a command name"}
	}
	return &ProtocolError{
		BadCommand, fmt.Sprintf("name length %d in a body of %d octets", body[0], len(body)),
		"at least 1 and no more than is left",
	}
}

// commandName returns b as a string, without an allocation for known names.
func commandName(b []byte) string {
	switch string(b) {
	case CommandReady:
		return CommandReady
	case CommandError:
		return CommandError
	case CommandSubscribe:
		return CommandSubscribe
	case CommandCancel:
		return CommandCancel
	case CommandPing:
		return CommandPing
	case CommandPong:
		return CommandPong
	case CommandJoin:
		return CommandJoin
	case CommandLeave:
		return CommandLeave
	}
	return string(b)
}

// appendCommand appends the frame header of a command and its name, for the
// caller to append size octets of payload.
func appendCommand(dst []byte, name string, size int) []byte {
	size += 1 + len(name)
	dst = slices.Grow(dst, longHeader+size)
	dst = AppendHeader(dst, FlagCommand, size)
	return append(append(dst, byte(len(name))), name...)
}

// AppendReady appends a READY frame with md, which must pass
// [Metadata.Validate].
func AppendReady(dst []byte, md Metadata) []byte {
	return md.Append(appendCommand(dst, CommandReady, md.size()))
}

// AppendError appends an ERROR frame with reason, cut to 255 octets.
func AppendError(dst []byte, reason string) []byte {
	reason = reason[:min(len(reason), maxReason)]
	dst = appendCommand(dst, CommandError, 1+len(reason))
	return append(append(dst, byte(len(reason))), reason...)
}

// ParseError decodes the payload of an ERROR. Octets after the reason are
// ignored, as in libzmq. A length over what is left is a [*ProtocolError] of
// kind [BadCommand] (WT-59); go-zeromq/zmq4 sends such, without the length octet
// (WT-66), and means ERROR all the same.
func ParseError(payload []byte) (reason string, err error) {
	if len(payload) == 0 || int(payload[0]) >= len(payload) && payload[0] != 0 {
		return "", &ProtocolError{BadCommand, fmt.Sprintf("ERROR payload %q", payload), "a length and that many octets"}
	}
	return string(payload[1 : 1+int(payload[0])]), nil
}
