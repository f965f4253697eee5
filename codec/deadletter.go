package codec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/internal/backoff"
	"github.com/brokerless/brokerless/socket"
)

// A DeadLetter is a message that could not be decoded, or not be handled.
type DeadLetter struct {
	Message socket.Message // as it came
	Tries   int            // how often it was handed to the handler; 0 if it could not be decoded
	Err     error          // why, of the last try
}

// A DeadLetterError is a dead letter that could not be put aside either. The
// message is in it, so that it is not lost.
type DeadLetterError struct {
	Letter DeadLetter
	Err    error // of the function that was given to WithDeadLetters
}

// Error implements error.
func (e *DeadLetterError) Error() string {
	return fmt.Sprintf("brokerless: dead letter %v (%v) was not taken: %v", e.Letter.Message, e.Letter.Err, e.Err)
}

// Unwrap returns both what killed the letter and why it was not taken.
func (e *DeadLetterError) Unwrap() []error { return []error{e.Letter.Err, e.Err} }

// WithDeadLetters hands what cannot be decoded, or cannot be handled after all
// tries, to a function, and the receiver goes on with the next message. When
// the function fails, the receiver returns a *DeadLetterError. The default is
// that the receiver returns the error of the message. It is called by the
// goroutine that receives.
func WithDeadLetters(take func(DeadLetter) error) TypedOption {
	return func(t *typed) { t.dead = take }
}

// DeadLettersTo returns a function for WithDeadLetters that sends each letter
// over a socket: a frame of text that says why, and after how many tries if
// there were any, then the frames of the message as they came. A letter that
// cannot be sent within the time is not taken.
func DeadLettersTo(out socket.Sender, within time.Duration) func(DeadLetter) error {
	return func(l DeadLetter) error {
		why := l.Err.Error()
		if l.Tries > 0 {
			why = fmt.Sprintf("%s (tries: %d)", why, l.Tries)
		}
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		return out.Send(ctx, append([][]byte{[]byte(why)}, l.Message...)...)
	}
}

// Permanent returns an error for a handler to return whose message no further
// try will help: it is a dead letter at once. It wraps err; for nil it is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Tries says how often a handler is called for one message, and how long the
// pauses between are. The zero value means once.
type Tries struct {
	Most     int           // how many in all; 0 means 1
	Shortest time.Duration // the first pause, doubled after each try, with jitter; 0 means 100 ms
	Longest  time.Duration // 0 means 10 s
}

// Handle calls handle for each value that comes, one after the other, until ctx
// is done or the socket is closed, and returns that error. When handle fails it
// is called again for the same value, as tries says; what still fails is a dead
// letter, and so is, with the tries it has had, one that waits for its next try
// when ctx is done. Without WithDeadLetters Handle returns the error of the first
// one, a *DeadLetterError. For more at a time, call Handle from several
// goroutines.
func (r *Receiver[T]) Handle(ctx context.Context, tries Tries, handle func(context.Context, T) error) error {
	return r.in.handle(ctx, tries, func(ctx context.Context, _ string, v T) error { return handle(ctx, v) })
}

// Handle is Receiver.Handle with the topic of each value.
func (s *Subscriber[T]) Handle(ctx context.Context, tries Tries, handle func(ctx context.Context, topic string, v T) error) error {
	return s.in.handle(ctx, tries, handle)
}

func (b *inbound[T]) handle(ctx context.Context, tries Tries, handle func(context.Context, string, T) error) error {
	var m socket.Message
	for {
		var v T
		topic, err := b.next(ctx, &m, &v)
		if bad, ok := err.(*DecodeError); ok { //nolint:errorlint // as next returns it
			return &DeadLetterError{DeadLetter{Message: bad.Message, Err: bad}, errNoDeadLetters}
		}
		if err != nil {
			return err
		}
		letter := DeadLetter{Message: m}
		pause := backoff.Backoff{Min: tries.Shortest, Max: tries.Longest}
		for {
			letter.Tries++
			if letter.Err = handle(ctx, topic, v); letter.Err == nil {
				break
			}
			if letter.Tries >= tries.Most || errors.As(letter.Err, new(permanent)) {
				err = b.bury(letter)
				break
			}
			if done := wait(ctx, pause.Next()); done != nil {
				if err = b.bury(letter); err == nil {
					err = done
				}
				break
			}
		}
		if err != nil {
			return err
		}
	}
}

func (l DeadLetter) clone() DeadLetter {
	l.Message = l.Message.Clone()
	return l
}

// bury puts a letter aside, or returns it as an error.
func (b *inbound[T]) bury(l DeadLetter) error {
	l = l.clone()
	if b.typed.dead == nil {
		return &DeadLetterError{l, errNoDeadLetters}
	}
	if err := b.typed.dead(l); err != nil {
		return &DeadLetterError{l, err}
	}
	return nil
}

// errNoDeadLetters is why a letter was not taken that nobody asked for.
var errNoDeadLetters = errors.New("there is no WithDeadLetters")

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
