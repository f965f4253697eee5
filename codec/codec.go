package codec

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// A Codec turns values of one type into octets and back. Codecs are immutable
// and safe for concurrent use.
type Codec[T any] interface {
	// Append appends the encoding of v to dst and returns the extended slice. It
	// does not keep dst. On error it returns dst as it was.
	Append(dst []byte, v T) ([]byte, error)

	// Decode sets *v to what src, one whole encoding and nothing more, stands for.
	// It keeps no part of src, and nothing of what *v was: maps and slices that
	// were in it are not written to, and what src does not speak of is zero. After
	// an error *v is its zero value.
	Decode(src []byte, v *T) error
}

// What the errors of codecs match.
var (
	// ErrMalformed: the octets are no encoding of this kind, or end too soon, or go
	// on when the value is complete.
	ErrMalformed = errors.New("malformed")
	// ErrMismatch: the octets are in order, but not a value of the type.
	ErrMismatch = errors.New("wrong type")
	// ErrLimit: the value is deeper, longer or larger than allowed.
	ErrLimit = errors.New("over the limit")
	// ErrValue: the value has no encoding of this kind.
	ErrValue = errors.New("cannot be encoded")
)

// An Error is what a codec could not do.
type Error struct {
	Codec string // "msgpack"
	Op    string // "encode" or "decode"
	Type  string // the Go type: "main.Order"
	Field string // where in it, if that is known: "Items[3].Price"
	Err   error  // what was wrong; often matches one of the sentinels
}

// Error implements error.
func (e *Error) Error() string {
	where := e.Type
	if e.Field != "" {
		where += ", " + e.Field
	}
	return fmt.Sprintf("brokerless: %s: %s %s: %v", e.Codec, e.Op, where, e.Err)
}

// Unwrap returns what was wrong.
func (e *Error) Unwrap() error { return e.Err }

// Failed returns the *Error of a codec for values of type T that failed to do
// op because of err. It is for those who write codecs.
func Failed[T any](codec, op string, err error) error {
	e := &Error{Codec: codec, Op: op, Type: reflect.TypeFor[T]().String(), Err: err}
	if p, ok := err.(*place); ok { //nolint:errorlint // ours, and never wrapped
		e.Field, e.Err = strings.TrimPrefix(p.path, "."), p.err
	}
	return e
}

// A place is an error and where in a value it is.
type place struct {
	path string // ".Items[3].Price"
	err  error
}

func (p *place) Error() string { return strings.TrimPrefix(p.path, ".") + ": " + p.err.Error() }
func (p *place) Unwrap() error { return p.err }

// within says that err is in the part of a value that step leads to.
func within(step string, err error) error {
	p, ok := err.(*place) //nolint:errorlint // ours, and never wrapped
	if !ok {
		p = &place{err: err}
	}
	p.path = step + p.path
	return p
}
