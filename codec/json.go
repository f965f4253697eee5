package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// JSON returns the codec of JSON, as package encoding/json has it, without the
// escapes for HTML and without a final newline. Of the options it knows
// WithMaxSize, WithMaxDepth and WithKnownFields.
func JSON[T any](opts ...Option) Codec[T] {
	return jsonCodec[T]{newLimits(opts)}
}

type jsonCodec[T any] struct{ limits limits }

func (c jsonCodec[T]) Append(dst []byte, v T) ([]byte, error) {
	w := appender{octets: dst, room: c.limits.size + 1} // Encode ends with a newline
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	switch {
	case w.room < 0:
		err = fmt.Errorf("%w: takes more than %d octets", ErrLimit, c.limits.size)
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrValue, err)
	default:
		err = c.limits.jsonDepth(w.octets[len(dst):])
	}
	if err != nil {
		return dst, Failed[T]("json", "encode", err)
	}
	return w.octets[:len(w.octets)-1], nil
}

func (c jsonCodec[T]) Decode(src []byte, v *T) error {
	*v = *new(T)
	if err := c.decode(src, v); err != nil {
		*v = *new(T)
		return Failed[T]("json", "decode", err)
	}
	return nil
}

func (c jsonCodec[T]) decode(src []byte, v *T) error {
	if err := c.limits.fits(len(src)); err != nil {
		return err
	}
	if err := c.limits.jsonDepth(src); err != nil {
		return err
	}
	err := c.unmarshal(src, v)
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Field != "":
		return within("."+wrong.Field, fmt.Errorf("%w: %w", ErrMismatch, err))
	case err == io.EOF || err == io.ErrUnexpectedEOF: //nolint:errorlint // as they come from the decoder
		return fmt.Errorf("%w: ends too soon", ErrMalformed)
	case errors.Is(err, ErrMalformed):
		return err
	case errors.As(err, &syntax):
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return fmt.Errorf("%w: %w", ErrMismatch, err)
}

func (c jsonCodec[T]) unmarshal(src []byte, v *T) error {
	if !c.limits.known {
		return json.Unmarshal(src, v)
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w: goes on behind the value", ErrMalformed)
	}
	return nil
}

// jsonDepth returns an error if arrays and objects are nested deeper than
// allowed. What is not JSON passes: the decoder finds it.
func (l *limits) jsonDepth(src []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > l.depth {
				return fmt.Errorf("%w: deeper than %d", ErrLimit, l.depth)
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return nil
}
