package auth_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// What it costs a server to decide on one peer.
func BenchmarkAuthenticate(b *testing.B) {
	space := apart()
	serve(b, handler(b, space), auth.Keys(ann))
	networks := make([]netip.Prefix, 16)
	for i := range networks {
		networks[i] = netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", i))
	}
	keys := [][32]byte{ann}
	for i := range 100_000 {
		keys = append(keys, [32]byte{byte(i), byte(i >> 8), byte(i >> 16)})
	}
	fromInside := curve(ann)
	fromInside.Address = "10.15.0.1"
	for _, c := range []struct {
		name        string
		a           socket.Authenticator
		credentials socket.Credentials
	}{
		{"Networks of 16", auth.Networks(networks...), fromInside},
		{"Keys of 100000", auth.Keys(keys...), curve(ann)},
		{"KeyFile", must(auth.KeyFile(written(b, annText))), curve(ann)},
		{"Passwords", must(auth.Passwords(map[string]string{"ann": auth.HashPassword("x")})), plain("ann", "x")},
		{"ZAP", client(b, space), curve(ann)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.a.Authenticate(b.Context(), c.credentials); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
