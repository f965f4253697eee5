package ws

import (
	"net"
	"net/url"
	"strings"

	"github.com/brokerless/brokerless/transport"
)

// split parts an address into what the transport below takes, and the path.
func (t *Transport) split(address string, dial bool) (below, path string, err error) {
	refuse := func(reason string) error {
		return &transport.EndpointError{Endpoint: t.scheme + "://" + address, Reason: reason}
	}
	slash := strings.IndexByte(address, '/')
	if slash < 0 {
		return address, "/", nil
	}
	below, path = address[:slash], address[slash:]
	u, err := url.ParseRequestURI(path)
	switch {
	case err != nil:
		return "", "", refuse("bad path " + path)
	case strings.ContainsRune(path, '#'):
		return "", "", refuse("a fragment in the path")
	case !dial && u.RawQuery != "" || u.ForceQuery:
		return "", "", refuse("a query is for dialling only")
	case !strings.HasPrefix(u.Path, "/"), u.Host != "":
		return "", "", refuse("bad path " + path)
	}
	return below, path, nil
}

// hostOf returns the Host of a request to an address of the transport below, which may have a source in front of it.
func hostOf(below string) string {
	if _, target, ok := strings.Cut(below, ";"); ok {
		below = target
	}
	host, port, err := net.SplitHostPort(below)
	if err != nil {
		return below
	}
	host, _, _ = strings.Cut(host, "%") // a zone means nothing there
	return net.JoinHostPort(host, port)
}
