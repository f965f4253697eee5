package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/brokerless/brokerless/discovery"
)

// An entry is one instance, as a file has it.
type entry struct {
	ID        string            `json:"id"`
	Service   string            `json:"service"`
	Realm     string            `json:"realm"`
	Name      string            `json:"name"`
	Type      string            `json:"type"`
	Host      string            `json:"host"`
	Endpoints []string          `json:"endpoints"`
	Metadata  map[string]string `json:"metadata"`
}

// A parseError says where in a file something makes no sense. It matches
// discovery.ErrMalformed and its cause.
type parseError struct {
	line, column int
	err          error
}

func (e *parseError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.line, e.column, e.err)
}

func (e *parseError) Unwrap() []error { return []error{discovery.ErrMalformed, e.err} }

// at returns the error for what stands at the offset, in octets. Columns are
// counted in octets, both from 1.
func at(text []byte, offset int64, err error) error {
	before := text[:max(0, min(int(offset), len(text)))]
	return &parseError{
		line:   bytes.Count(before, []byte("\n")) + 1,
		column: len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1,
		err:    err,
	}
}

// parse reads a list of instances. The error matches discovery.ErrMalformed.
func parse(text []byte) (map[discovery.ID]discovery.Instance, error) {
	if i := invalid(text); i >= 0 { // package json would put U+FFFD there
		return nil, at(text, int64(i), errors.New("not UTF-8"))
	}
	var all []json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, at(text, offset(err), err)
	}
	if all == nil { // "null"
		return nil, at(text, 0, errors.New("no list"))
	}
	if len(all) > discovery.DefaultMaxInstances {
		return nil, at(text, 0, fmt.Errorf("%w: %d, want at most %d", discovery.ErrFull, len(all), discovery.DefaultMaxInstances))
	}
	set := make(map[discovery.ID]discovery.Instance, len(all))
	reader := json.NewDecoder(bytes.NewReader(text))
	if _, err := reader.Token(); err != nil { // the opening bracket
		return nil, at(text, 0, err)
	}
	for reader.More() {
		var one json.RawMessage
		if err := reader.Decode(&one); err != nil {
			return nil, at(text, reader.InputOffset(), err)
		}
		start := reader.InputOffset() - int64(len(one))
		in, err := parseEntry(one)
		if err == nil {
			err = add(set, in)
		}
		if err != nil {
			return nil, at(text, start+offset(err), err)
		}
	}
	return set, nil
}

// invalid returns where the text ceases to be UTF-8, or -1.
func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// parseEntry reads one instance. Its id is zero if the entry has none.
func parseEntry(text []byte) (discovery.Instance, error) {
	var e entry
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.DisallowUnknownFields()
	if err := reader.Decode(&e); err != nil {
		return discovery.Instance{}, err
	}
	in := discovery.Instance{
		Service: e.Service, Realm: e.Realm, Name: e.Name, SocketType: e.Type, Host: e.Host,
		Endpoints: e.Endpoints, Metadata: e.Metadata,
	}
	if len(in.Endpoints) == 0 {
		return in, errors.New("no endpoints")
	}
	if e.ID != "" {
		id, err := discovery.ParseID(e.ID)
		if err != nil {
			return in, err
		}
		in.ID = id
	}
	return in, nil
}

// offset returns before which octet reading went wrong, or 0.
func offset(err error) int64 {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return syntax.Offset - 1
	case errors.As(err, &kind):
		return kind.Offset - 1
	}
	return 0
}
