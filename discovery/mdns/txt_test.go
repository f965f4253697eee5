package mdns

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

func TestText(t *testing.T) {
	long := strings.Repeat("ü", 400)
	for _, in := range []discovery.Instance{
		{Service: "orders", Version: 1},
		{Service: "orders", Version: 7, Endpoints: []string{"tcp://[::]:5555"}},
		{Service: "orders", Version: 1, Endpoints: []string{"tcp://0.0.0.0:5555", "ipc:///run/x", "tcp://192.0.2.1:1"}},
		{Service: "Büro \\ \"1\".x=y", Realm: "\x00\xc3\xbf", Name: "=", SocketType: "PULL", Host: "h", Version: 1},
		{Service: "orders", Version: 1, Metadata: map[string]string{"k": "", "K": "=", "a b": "m.x=e0=", "long": long}},
	} {
		all := encodeText(&in)
		for _, s := range all {
			if len(s) > maxString {
				t.Errorf("a string of %d octets", len(s))
			}
			if got := unescape(escape(s)); got != s {
				t.Errorf("escaped and back: %q, want %q", got, s)
			}
		}
		got, err := decodeText(all)
		if err != nil {
			t.Fatal(err)
		}
		endpoints := in.Endpoints
		if derived := len(endpoints) == 1; derived != got.derived {
			t.Errorf("derived is %t for %q", got.derived, endpoints)
		} else if derived {
			endpoints = nil
		}
		if got.service != in.Service || got.realm != in.Realm || got.name != in.Name || got.socketType != in.SocketType || got.host != in.Host ||
			got.version != in.Version || !maps.Equal(got.metadata, in.Metadata) || !slices.Equal(got.endpoints, endpoints) {
			t.Errorf("got %+v, want %+v", got, in)
		}
	}
}

func TestTextOfOthers(t *testing.T) {
	many := []string{"svc=a"}
	for i := range 10000 {
		many = append(many, fmt.Sprintf("m.%d=", i))
	}
	unknown := []string{"svc=a"}
	for i := range 10000 {
		unknown = append(unknown, fmt.Sprintf("x%d=", i))
	}
	for _, c := range []struct {
		name string
		txt  []string
		want string // of the error
		got  text
	}{
		{"nothing", nil, `no key "svc"`, text{}},
		{"empty strings", []string{"", "", "svc="}, `no key "svc"`, text{}},
		{"capitals", []string{"SVC=a", "Realm=r", "M.K=v", "m."}, "", text{service: "a", realm: "r", metadata: map[string]string{"K": "v"}}},
		{"again", []string{"svc=a", "svc=b", "=c"}, "", text{service: "a"}},
		{"goes on", []string{"=lost", "svc=a", "=b", "=c"}, "", text{service: "abc"}},
		{"goes on after nobody's key", []string{"svc=a", "x=1", "=b"}, "", text{service: "a"}},
		{"without a value", []string{"svc=a", "m.k", "name"}, "", text{service: "a", metadata: map[string]string{"k": ""}}},
		{"version", []string{"v=0", "svc=a"}, `version "0"`, text{}},
		{"version of words", []string{"v=-1", "svc=a"}, `version "-1"`, text{}},
		{"too long", append([]string{"svc=a"}, slices.Repeat([]string{"=" + strings.Repeat("x", 250)}, 30)...), "octets for key", text{}},
		{"too much metadata", many, "entries of metadata", text{}},
		{"too many keys", unknown, "", text{service: "a"}},
		{"ninth endpoint", []string{"svc=a", "e8=tcp://192.0.2.1:1", "e=tcp://192.0.2.1:1"}, "", text{service: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := decodeText(c.txt)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.service != c.got.service || got.realm != c.got.realm || !maps.Equal(got.metadata, c.got.metadata) || len(got.endpoints) > 0 || !got.derived {
				t.Errorf("got %+v, want %+v", got, c.got)
			}
		})
	}
}
