package call

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxText is how many octets of an error's text travel.
const maxText = 4 << 10

// An Error is the failure of one call: what the server answered, or why there
// is no answer. Both its Code and what Unwrap returns match with errors.Is.
type Error struct {
	Code   Code
	Text   string // for people; may be empty
	Method string // that was called; empty in a handler
	Server string // that answered or was lost, as it was named to Connect; empty if there is none

	cause error
}

// Errorf returns the error with which a handler fails a call: the code and the
// text go to the caller. What is formatted with %w stays on this side, where
// interceptors find it.
//
// Of an error that only wraps one of Errorf, or a Code, the text around it stays
// on this side too: it may be meant for nobody else.
func Errorf(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	e := &Error{Code: code, Text: err.Error(), cause: errors.Unwrap(err)}
	if _, several := err.(interface{ Unwrap() []error }); several {
		e.cause = err
	}
	return e
}

// Error returns the circumstances, the code and the text.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Method != "" {
		b.WriteString("call of ")
		b.WriteString(e.Method)
		if e.Server != "" {
			b.WriteString(" at ")
			b.WriteString(e.Server)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Code.String())
	if e.Text != "" {
		b.WriteString(": ")
		b.WriteString(e.Text)
	}
	return b.String()
}

// Unwrap returns the code, and the cause if there is one on this side.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.cause}
}

// status returns what travels of err: its code, and after a space its text. Of
// nil that is nothing.
func status(err error) []byte {
	if err == nil {
		return nil
	}
	var e *Error
	var c Code
	text := ""
	switch {
	case errors.As(err, &e):
		text = e.Text
	case errors.As(err, &c):
	case err == context.Canceled, err == context.DeadlineExceeded: //nolint:errorlint // wrapped ones have more to say
	default:
		text = err.Error()
	}
	name := CodeOf(err).String()
	if text == "" {
		return []byte(name)
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > maxText {
		text = text[:maxText]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	return []byte(name + " " + text)
}

// parseStatus returns the code and the text of a status that is not empty. A
// code that is unknown here stays in the text. The client's own code is not
// for servers to give.
func parseStatus(status []byte) (Code, string) {
	if len(status) > maxText+len(" ")+32 {
		status = status[:maxText]
	}
	name, text, _ := bytes.Cut(status, []byte(" "))
	if c, ok := codeNamed(string(name)); ok && c != ServerLost {
		return c, strings.ToValidUTF8(string(text), "\uFFFD")
	}
	return Unknown, strings.ToValidUTF8(string(status), "\uFFFD")
}
