package udp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/transport"
)

func (p place) text() string { return fmt.Sprintf("%s|%s|%d", p.iface, p.host, p.port) }

func TestEndpoint(t *testing.T) {
	for _, tt := range []struct {
		rule, in     string
		listen, dial string // "" is refused
	}{
		{"EP-40", "*:5556", "|*|5556", ""}, // a wildcard is for binding only (EP-41)
		{"EP-40", "*:*", "|*|0", ""},
		{"EP-40", "127.0.0.1:5556", "|127.0.0.1|5556", "|127.0.0.1|5556"},
		{"EP-40", "127.0.0.1:0", "|127.0.0.1|0", ""},
		{"EP-40", "127.0.0.1:*", "|127.0.0.1|0", ""},
		{"EP-40", "[::1]:5556", "|::1|5556", "|::1|5556"},
		{"EP-40", "eth0:5556", "|eth0|5556", "|eth0|5556"},
		{"EP-40", "239.1.2.3:5556", "|239.1.2.3|5556", "|239.1.2.3|5556"},
		{"EP-40", "eth0;239.1.2.3:5556", "eth0|239.1.2.3|5556", "eth0|239.1.2.3|5556"},
		{"EP-40", "127.0.0.1;239.1.2.3:*", "127.0.0.1|239.1.2.3|0", ""},
		{"EP-40", "*;239.1.2.3:5556", "*|239.1.2.3|5556", "*|239.1.2.3|5556"},
		{"EP-40", "lo;[ff02::1:3]:5556", "lo|ff02::1:3|5556", "lo|ff02::1:3|5556"},
		{"EP-40", "[::1];[ff02::1:3]:5556", "::1|ff02::1:3|5556", "::1|ff02::1:3|5556"},
		{"EP-40", "[ff02::1:3%lo]:5556", "|ff02::1:3%lo|5556", "|ff02::1:3%lo|5556"},
		{"EP-40", "eth0;10.0.0.1:5556", "", "eth0|10.0.0.1|5556"},
		{"EP-41", "example.org:5556", "|example.org|5556", "|example.org|5556"}, // an interface of that name, a host
		{"EP-41", "a b:5556", "|a b|5556", ""},
		{"EP-40", "", "", ""},
		{"EP-40", "127.0.0.1", "", ""},
		{"EP-40", "127.0.0.1:x", "", ""},
		{"EP-40", "127.0.0.1:65536", "", ""},
		{"EP-40", ":5556", "", ""},
		{"EP-40", ";239.1.2.3:5556", "", ""},
		{"EP-40", "[239.1.2.3:5556", "", ""},
		{"EP-40", "[::1]", "", ""},
		{"EP-40", "[host]:1", "", ""},
		{"EP-40", "1:2:3:5556:5556:5556:5556:5556:5556:5556", "", ""},
	} {
		t.Run(tt.rule+" "+tt.in, func(t *testing.T) {
			for way, want := range map[string]string{"listen": tt.listen, "dial": tt.dial} {
				parse, check := parseListen, New().CheckListen
				if way == "dial" {
					parse, check = parseDial, New().CheckDial
				}
				p, err := parse(tt.in)
				if want != "" && (err != nil || p.text() != want) {
					t.Errorf("%s: %s, %v, want %s", way, p.text(), err, want)
				}
				var bad *transport.EndpointError
				if want == "" && (!errors.As(err, &bad) || bad.Endpoint != "udp://"+tt.in || bad.Reason == "") {
					t.Errorf("%s: %s, %v, want an EndpointError", way, p.text(), err)
				}
				if again := check(tt.in); (again == nil) != (err == nil) {
					t.Errorf("check for %s: %v, but parsing it: %v", way, again, err)
				}
			}
		})
	}
}

// Whatever is written, it is taken apart or refused with the endpoint in the
// error, and a place to dial can be dialed: it has a port and no wildcard.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"*:1", "lo;239.1.2.3:5", "[::1]:1", "[ff02::1%lo]:*", ";:", "a;b;c:1", "h:0", "[a]:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (place, error){parseListen, parseDial} {
			p, err := parse(s)
			var bad *transport.EndpointError
			switch {
			case err != nil && (!errors.As(err, &bad) || !strings.HasSuffix(bad.Endpoint, s)):
				t.Fatalf("%q: %v", s, err)
			case err == nil && p.host == "":
				t.Fatalf("%q has no host", s)
			}
		}
		if p, err := parseDial(s); err == nil && (p.port == 0 || p.wildcard()) {
			t.Fatalf("%q can be dialed: %s", s, p.text())
		}
		if p, err := parseListen(s); err == nil && p.iface != "" && !p.multicast() {
			t.Fatalf("%q can be bound: %s", s, p.text())
		}
	})
}
