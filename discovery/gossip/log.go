package gossip

import (
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/discovery"
)

// A journal takes what memberlist logs. It makes warnings of what an operator
// can do something about, and drops the rest.
type journal struct{ *state }

// remarks are what to look for in a line, the first that fits.
var remarks = [...]struct {
	text string
	err  error
}{
	{"could decrypt the message", ErrKey},
	{"remote state is encrypted and encryption is not configured", ErrKey},
	{"encryption is configured but remote state is not encrypted", ErrKey},
	{"over TCP but UDP probes failed", ErrPath},
	{"unacceptable label", discovery.ErrMalformed},
	{"Decrypt packet failed", discovery.ErrMalformed},
	{"ailed to decode", discovery.ErrMalformed},
	{"ailed to receive", discovery.ErrMalformed},
	{"ailed to read", discovery.ErrMalformed},
	{"protocol version", discovery.ErrMalformed},
	{"not supported", discovery.ErrMalformed},
}

// remark returns the error that the text of memberlist stands for, or nil.
func remark(text string) error {
	for _, r := range remarks {
		if strings.Contains(text, r.text) {
			return r.err
		}
	}
	return nil
}

// Write takes one line.
func (j journal) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if err := remark(text); err != nil && !strings.HasPrefix(text, "[DEBUG]") {
		_, text, _ = strings.Cut(text, "memberlist: ")
		j.warning("log "+err.Error(), fmt.Errorf("%w: %s", err, text))
	}
	return len(line), nil
}
