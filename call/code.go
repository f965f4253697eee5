package call

import (
	"context"
	"errors"
)

// A Code says what kind of failure an [Error] is. It is an error itself, to be
// returned by handlers and to be tested for:
//
//	if errors.Is(err, call.NotFound) { … }
type Code uint8

// The codes, with what they mean. Their names on the wire are those of String.
const (
	// Unknown: the other side gave a code that this one does not know; the text has it.
	Unknown Code = iota + 1
	// Canceled: the caller gave the call up. It also matches context.Canceled.
	Canceled
	// DeadlineExceeded: the call's time ran out. It also matches context.DeadlineExceeded.
	DeadlineExceeded
	// InvalidArgument: the request makes no sense, whatever the state of the server.
	InvalidArgument
	// NotFound: what the request is about does not exist.
	NotFound
	// AlreadyExists: what the request was to make exists.
	AlreadyExists
	// PermissionDenied: the caller is known, and may not do this.
	PermissionDenied
	// Unauthenticated: the caller did not show who it is.
	Unauthenticated
	// ResourceExhausted: a limit is reached, of the server, the client or a quota.
	ResourceExhausted
	// FailedPrecondition: not in the state that things are in.
	FailedPrecondition
	// Aborted: lost against another call; the whole sequence may be tried again.
	Aborted
	// OutOfRange: beyond the end of what there is.
	OutOfRange
	// Unimplemented: the server has no such method.
	Unimplemented
	// Internal: something is broken. It is what an error without a code becomes.
	Internal
	// Unavailable: not at present; to be tried again later.
	Unavailable
	// DataLoss: what was asked for is damaged.
	DataLoss
	// ServerLost: the connection to the server ended before its answer was there.
	// The call may have been executed, or not. Only clients say so.
	ServerLost
)

// codeNames has the names on the wire, which never change.
var codeNames = [...]string{
	Unknown:            "unknown",
	Canceled:           "canceled",
	DeadlineExceeded:   "deadline_exceeded",
	InvalidArgument:    "invalid_argument",
	NotFound:           "not_found",
	AlreadyExists:      "already_exists",
	PermissionDenied:   "permission_denied",
	Unauthenticated:    "unauthenticated",
	ResourceExhausted:  "resource_exhausted",
	FailedPrecondition: "failed_precondition",
	Aborted:            "aborted",
	OutOfRange:         "out_of_range",
	Unimplemented:      "unimplemented",
	Internal:           "internal",
	Unavailable:        "unavailable",
	DataLoss:           "data_loss",
	ServerLost:         "server_lost",
}

// String returns the name of the code, as it stands on the wire: "not_found".
func (c Code) String() string {
	if int(c) < len(codeNames) && codeNames[c] != "" {
		return codeNames[c]
	}
	return codeNames[Unknown]
}

// Error implements error. It returns the name.
func (c Code) Error() string { return c.String() }

// Is makes Canceled and DeadlineExceeded match the errors of package context.
func (c Code) Is(target error) bool {
	switch c {
	case Canceled:
		return target == context.Canceled
	case DeadlineExceeded:
		return target == context.DeadlineExceeded
	}
	return false
}

// codeNamed returns the code with a name.
func codeNamed(name string) (Code, bool) {
	for c, n := range codeNames {
		if n == name && n != "" {
			return Code(c), true
		}
	}
	return Unknown, false
}

// CodeOf returns the code of an error: that of the first [Error] or Code in its
// tree, Canceled and DeadlineExceeded for the errors of package context,
// Internal for any other, and 0 for nil.
func CodeOf(err error) Code {
	if err == nil {
		return 0
	}
	var e *Error
	var c Code
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.As(err, &c):
		return c
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineExceeded
	}
	return Internal
}
