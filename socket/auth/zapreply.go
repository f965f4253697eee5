package auth

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/socket"
)

// What can be wrong with a reply (ZA-02).
var (
	errZAPFrames    = errors.New("malformed ZAP reply")
	errZAPVersion   = errors.New("bad ZAP version")
	errZAPRequestID = errors.New("bad ZAP request id")
	errZAPStatus    = errors.New("invalid ZAP status")
	errZAPMetadata  = errors.New("invalid ZAP metadata")
)

// A zapReply is what a handler answers (RFC 27).
type zapReply struct {
	id       string
	status   int // 200, 300, 400 or 500
	text     string
	user     string
	metadata zmtp.Metadata
}

// frames returns the reply without the delimiter: version, request id, status,
// text, user id, metadata. The metadata must be valid.
func (r zapReply) frames() [][]byte {
	return [][]byte{
		[]byte(zapVersion), []byte(r.id), []byte(strconv.Itoa(r.status)), []byte(r.text), []byte(r.user),
		r.metadata.Append(nil),
	}
}

// parseZAPReply reads a reply with its delimiter. The id is what it is in a reply
// that makes no sense too, if it has one: so that who waits for it is told.
func parseZAPReply(m [][]byte) (r zapReply, err error) {
	const frames = 7 // with the delimiter
	if len(m) >= 3 && len(m[0]) == 0 {
		r.id = string(m[2])
	}
	if len(m) != frames {
		return r, fmt.Errorf("%w: %d frames, want %d", errZAPFrames, len(m), frames)
	}
	if len(m[0]) != 0 {
		return r, fmt.Errorf("%w: a first frame of %d octets, want an empty one", errZAPFrames, len(m[0]))
	}
	if string(m[1]) != zapVersion {
		return r, fmt.Errorf("%w: %.20q, want %q", errZAPVersion, m[1], zapVersion)
	}
	if r.id == "" {
		return r, fmt.Errorf("%w: none", errZAPRequestID)
	}
	switch status := string(m[3]); status {
	case "200", "300", "400", "500":
		r.status = 100 * int(status[0]-'0')
	default:
		return r, fmt.Errorf("%w: %.20q, want 200, 300, 400 or 500", errZAPStatus, status)
	}
	r.text = string(m[4])
	r.user = string(m[5])
	if r.metadata, err = zmtp.ParseMetadata(m[6]); err != nil {
		return r, fmt.Errorf("%w: %w", errZAPMetadata, err)
	}
	return r, nil
}

// verdict returns what an authenticator says by a reply. User id and metadata
// count only with 200 (ZA-05).
func (r zapReply) verdict() (socket.Admission, error) {
	if r.status != zmtp.StatusOK {
		return socket.Admission{}, &socket.AuthError{Status: r.status, Text: r.text}
	}
	a := socket.Admission{UserID: r.user}
	for _, p := range r.metadata {
		if a.Metadata == nil {
			a.Metadata = make(map[string]string, len(r.metadata))
		}
		a.Metadata[p.Name] = string(p.Value)
	}
	return a, nil
}

// newZAPReply returns the reply that says what an authenticator says.
func newZAPReply(id string, a socket.Admission, err error) zapReply {
	if err != nil {
		status, reason := verdict(err)
		return zapReply{id: id, status: status, text: reason}
	}
	r := zapReply{id: id, status: zmtp.StatusOK, text: "OK", user: a.UserID}
	for name, value := range a.Metadata {
		r.metadata = append(r.metadata, zmtp.Property{Name: name, Value: []byte(value)})
	}
	if err := r.metadata.Validate(); err != nil {
		return zapReply{id: id, status: zmtp.StatusInternal, text: fmt.Sprintf("metadata of the authenticator: %v", err)}
	}
	return r
}
