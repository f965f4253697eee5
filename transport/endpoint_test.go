package transport

import (
	"errors"
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	tests := []struct {
		in   string
		want Endpoint
	}{
		{"tcp://127.0.0.1:5555", Endpoint{"tcp", "127.0.0.1:5555"}},
		{"tcp://[::1]:*", Endpoint{"tcp", "[::1]:*"}},
		{"tcp://lo:0;host:5555", Endpoint{"tcp", "lo:0;host:5555"}},
		{"ipc:///run/feed", Endpoint{"ipc", "/run/feed"}},
		{"ipc://@feed", Endpoint{"ipc", "@feed"}},
		{"inproc://a://b", Endpoint{"inproc", "a://b"}},
		{"inproc://\x00\xff ", Endpoint{"inproc", "\x00\xff "}},
		{"inproc://" + long, Endpoint{"inproc", long}},
		{"coap+tcp-1.0://h", Endpoint{"coap+tcp-1.0", "h"}},
	}
	for _, tt := range tests {
		got, err := ParseEndpoint(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("ParseEndpoint(%.40q) = %.40q, %v; want %.40q", tt.in, got, err, tt.want)
		}
		if got.String() != tt.in {
			t.Errorf("ParseEndpoint(%.40q).String() = %.40q", tt.in, got.String())
		}
	}
}

func TestParseEndpointRefuses(t *testing.T) {
	tests := []struct{ in, reason string }{
		{"", `missing "://"`},
		{"127.0.0.1:5555", `missing "://"`},
		{"tcp:/127.0.0.1:5555", `missing "://"`},
		{"tcp", `missing "://"`},
		{"://127.0.0.1:5555", "empty scheme"},
		{"://", "empty scheme"},
		{"tcp://", "empty address"},
		{"TCP://h:1", `bad octet "T" in the scheme, want a lower-case word`},
		{"t cp://h:1", `bad octet " " in the scheme, want a lower-case word`},
		{"1tcp://h:1", `bad octet "1" in the scheme, want a lower-case word`},
		{"tcp\x00://h:1", `bad octet "\x00" in the scheme, want a lower-case word`},
	}
	for _, tt := range tests {
		got, err := ParseEndpoint(tt.in)
		var bad *EndpointError
		if !errors.As(err, &bad) {
			t.Errorf("ParseEndpoint(%q) = %v, %v; want an *EndpointError", tt.in, got, err)
			continue
		}
		if bad.Endpoint != tt.in || bad.Reason != tt.reason {
			t.Errorf("ParseEndpoint(%q): %+v, want reason %s", tt.in, *bad, tt.reason)
		}
		if got != (Endpoint{}) {
			t.Errorf("ParseEndpoint(%q) = %v beside an error", tt.in, got)
		}
	}
}

func TestEndpointErrorQuotes(t *testing.T) {
	err := &EndpointError{Endpoint: "tcp\n", Reason: "empty address"}
	if got, want := err.Error(), `endpoint "tcp\n": empty address`; got != want {
		t.Errorf("Error() = %s, want %s", got, want)
	}
}

func FuzzParseEndpoint(f *testing.F) {
	for _, seed := range []string{
		"", "://", "tcp://", "tcp://*:*", "tcp://[::1]:5555", "tcp://eth0:0;[fe80::1%2]:1", "ipc://@x", "ipc:///a",
		"inproc://a://b", "TCP://x", "\x00://\x00", "x:/y", "udp://239.0.0.1:5556",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEndpoint(s)
		if err != nil {
			var bad *EndpointError
			if !errors.As(err, &bad) || bad.Endpoint != s || bad.Reason == "" {
				t.Fatalf("ParseEndpoint(%q): %#v", s, err)
			}
			return
		}
		if e.String() != s {
			t.Fatalf("ParseEndpoint(%q).String() = %q", s, e.String())
		}
		if e.Scheme == "" || e.Address == "" || strings.Contains(e.Scheme, ":") {
			t.Fatalf("ParseEndpoint(%q) = %#v", s, e)
		}
	})
}
