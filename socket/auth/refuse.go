package auth

import (
	"context"
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

// deny returns the refusal of a peer that may not come in.
func deny(format string, args ...any) error {
	return &socket.AuthError{Status: socket.AuthDenied, Text: fmt.Sprintf(format, args...)}
}

// failed returns the refusal of a peer about which nothing could be found out.
func failed(format string, args ...any) error {
	return &socket.AuthError{Status: socket.AuthInternal, Text: fmt.Sprintf(format, args...)}
}

// busy returns the refusal of a peer for which there was no time.
func busy(ctx context.Context) error {
	return &socket.AuthError{Status: socket.AuthTemporary, Text: fmt.Sprintf("too much to do: %v", context.Cause(ctx))}
}

// demand refuses a peer that has not shown what a mechanism has it show.
func demand(c socket.Credentials, mechanism string) error {
	if c.Mechanism != mechanism {
		return deny("mechanism %q, want %s", c.Mechanism, mechanism)
	}
	return nil
}
