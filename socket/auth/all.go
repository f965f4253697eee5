package auth

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// All returns an authenticator that lets a peer in if all of the given ones do.
// They are asked in turn, and the first refusal is the answer: what costs little
// goes first. The user id is of the first that names one, and so is each entry
// of the metadata. Of no authenticators at all it refuses everybody.
func All(all ...socket.Authenticator) socket.Authenticator {
	return socket.AuthenticatorFunc(func(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
		if len(all) == 0 {
			return socket.Admission{}, deny("nobody is let in by all of no authenticators")
		}
		var sum socket.Admission
		for _, a := range all {
			one, err := a.Authenticate(ctx, c)
			if err != nil {
				return socket.Admission{}, err
			}
			if sum.UserID == "" {
				sum.UserID = one.UserID
			}
			sum.Metadata = merge(sum.Metadata, one.Metadata)
		}
		return sum, nil
	})
}

// merge returns the entries of both, and a's where both have one of a name,
// whose case does not matter.
func merge(a, b map[string]string) map[string]string {
	if len(b) == 0 {
		return a
	}
	sum := maps.Clone(a)
	if sum == nil {
		sum = make(map[string]string, len(b))
	}
	for name, value := range b {
		if !has(a, name) {
			sum[name] = value
		}
	}
	return sum
}

func has(m map[string]string, name string) bool {
	for other := range m {
		if strings.EqualFold(other, name) {
			return true
		}
	}
	return false
}

// OneOf returns an authenticator that lets a peer in if one of the given ones
// does. They are asked in turn, and the first that lets the peer in is the
// answer. If none does, the refusal gives all their reasons, and its status is
// the one that leaves most hope: AuthTemporary if one of them has it, else
// AuthInternal, else AuthDenied. Of no authenticators at all it refuses everybody.
func OneOf(some ...socket.Authenticator) socket.Authenticator {
	return socket.AuthenticatorFunc(func(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
		if len(some) == 0 {
			return socket.Admission{}, deny("nobody is let in by one of no authenticators")
		}
		status := socket.AuthDenied
		var reasons []string
		for _, a := range some {
			admission, err := a.Authenticate(ctx, c)
			if err == nil {
				return admission, nil
			}
			s, reason := verdict(err)
			reasons = append(reasons, reason)
			if s == socket.AuthTemporary || s == socket.AuthInternal && status == socket.AuthDenied {
				status = s
			}
		}
		return socket.Admission{}, &socket.AuthError{Status: status, Text: strings.Join(reasons, "; ")}
	})
}

// verdict returns the status and the reason of a refusal, as a socket takes it.
func verdict(err error) (status int, reason string) {
	if e := new(socket.AuthError); errors.As(err, &e) {
		switch e.Status {
		case socket.AuthTemporary, socket.AuthDenied:
			return e.Status, e.Text
		}
		return socket.AuthInternal, e.Text
	}
	return socket.AuthInternal, err.Error()
}
