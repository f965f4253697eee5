package codec

import (
	"encoding"
	"errors"
)

// A Decodable is a pointer to a T that reads its own encoding.
type Decodable[T any] interface {
	*T
	encoding.BinaryUnmarshaler
}

// Binary returns the codec of a type that knows its own encoding, by the
// interfaces encoding.BinaryAppender and encoding.BinaryUnmarshaler:
//
//	codec.Binary[netip.Addr]()
//
// What those methods bound is bounded, and nothing else; their errors are those
// of the codec.
func Binary[T encoding.BinaryAppender, P Decodable[T]]() Codec[T] { return selfCoded[T, P]{} }

type selfCoded[T encoding.BinaryAppender, P Decodable[T]] struct{}

func (selfCoded[T, P]) Append(dst []byte, v T) ([]byte, error) {
	out, err := v.AppendBinary(dst)
	if err != nil {
		return dst, Failed[T]("binary", "encode", errors.Join(ErrValue, err))
	}
	return out, nil
}

func (selfCoded[T, P]) Decode(src []byte, v *T) error {
	*v = *new(T)
	if err := P(v).UnmarshalBinary(src); err != nil {
		*v = *new(T)
		return Failed[T]("binary", "decode", errors.Join(ErrMalformed, err))
	}
	return nil
}
