package lan

import (
	"net/netip"
	"slices"
	"testing"
)

func TestExpand(t *testing.T) {
	links := []Link{
		{Prefixes: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("2001:db8::7/64")}},
		{Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/24")}},
	}
	for _, c := range []struct {
		name      string
		endpoints []string
		want      []string
	}{
		{"nothing", nil, nil},
		{"IPv4", []string{"tcp://0.0.0.0:5555"}, []string{"tcp://192.0.2.7:5555", "tcp://198.51.100.7:5555"}},
		{"both", []string{"tcp://[::]:5555"}, []string{"tcp://192.0.2.7:5555", "tcp://198.51.100.7:5555", "tcp://[2001:db8::7]:5555"}},
		{"as they are", []string{"ipc:///tmp/a", "tcp://192.0.2.7:1", "tcp://host.example:2", "tcp://nonsense"}, []string{"ipc:///tmp/a", "tcp://192.0.2.7:1", "tcp://host.example:2", "tcp://nonsense"}},
		{"twice", []string{"tcp://0.0.0.0:1", "tcp://[::]:1", "tcp://192.0.2.7:1"}, []string{"tcp://192.0.2.7:1", "tcp://198.51.100.7:1", "tcp://[2001:db8::7]:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Expand(c.endpoints, links); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
