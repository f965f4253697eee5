package transport

import (
	"fmt"
	"strings"
)

// separator stands between the scheme and the address of an endpoint.
const separator = "://"

// Endpoint is an endpoint string in its two parts: "tcp://127.0.0.1:5555" is {"tcp", "127.0.0.1:5555"}. What the
// address means is the transport's affair. Endpoints are compared octet for octet, so == is the right comparison.
type Endpoint struct {
	Scheme  string // lower case, as in RFC 3986: a letter, then letters, digits, "+", "-" and "."
	Address string // any octets, at least one
}

// String returns scheme://address, the string that [ParseEndpoint] was given.
func (e Endpoint) String() string { return e.Scheme + separator + e.Address }

// ParseEndpoint splits s into its scheme and its address. It checks the form alone, not whether a transport for the
// scheme exists, nor the address: see [Checker]. The error is an [*EndpointError].
func ParseEndpoint(s string) (Endpoint, error) {
	scheme, address, found := strings.Cut(s, separator)
	switch {
	case !found:
		return Endpoint{}, &EndpointError{Endpoint: s, Reason: `missing "://"`}
	case scheme == "":
		return Endpoint{}, &EndpointError{Endpoint: s, Reason: "empty scheme"}
	case address == "":
		return Endpoint{}, &EndpointError{Endpoint: s, Reason: "empty address"}
	}
	for i := range len(scheme) {
		if !schemeOctet(scheme[i], i == 0) {
			return Endpoint{}, &EndpointError{
				Endpoint: s,
				Reason:   fmt.Sprintf("bad octet %q in the scheme, want a lower-case word", scheme[i:i+1]),
			}
		}
	}
	return Endpoint{Scheme: scheme, Address: address}, nil
}

// schemeOctet reports whether c may stand in a scheme (RFC 3986 section 3.1). Upper case is legal there but never
// canonical, and endpoints are compared exactly, so it is refused rather than folded.
func schemeOctet(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z':
		return true
	case '0' <= c && c <= '9', c == '+', c == '-', c == '.':
		return !first
	default:
		return false
	}
}

// EndpointError reports an endpoint that no transport, or not this one, could ever use: a mistake in its text, so
// trying again is in vain.
type EndpointError struct {
	Endpoint string // the whole endpoint as it was given
	Reason   string // what is wrong with it
}

// Error quotes the endpoint and says what is wrong with it.
func (e *EndpointError) Error() string {
	return fmt.Sprintf("endpoint %q: %s", e.Endpoint, e.Reason)
}
