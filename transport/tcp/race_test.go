package tcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// closes counts how often a connection is closed.
type closes struct {
	net.Conn
	n int
}

func (c *closes) Close() error {
	c.n++
	return nil
}

func addresses(n int) []netip.AddrPort {
	var all []netip.AddrPort
	for i := range n {
		all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 5555))
	}
	return all
}

var errDead = errors.New("refused")

func TestRace(t *testing.T) {
	// What an address does: how long it takes, and whether it is there then.
	type host struct {
		after time.Duration
		there bool
	}
	const never = time.Hour
	for _, tt := range []struct {
		name  string
		hosts []host
		want  int // who wins; -1 for nobody
		took  time.Duration
	}{
		{"one", []host{{time.Second, true}}, 0, time.Second},
		{"one that is not there", []host{{time.Second, false}}, -1, time.Second},
		{"the first answers in time", []host{{100 * time.Millisecond, true}, {0, true}}, 0, 100 * time.Millisecond},
		{"the first is dead", []host{{never, false}, {0, true}}, 1, stagger},
		{"the first fails", []host{{10 * time.Millisecond, false}, {10 * time.Millisecond, true}}, 1, 20 * time.Millisecond},
		{"the first is slow, and the second slower", []host{{time.Second, true}, {time.Second, true}}, 0, time.Second},
		{"many are dead", append(slices.Repeat([]host{{never, false}}, 30), host{0, true}), 30, 30 * stagger},
		{"many fail", append(slices.Repeat([]host{{0, false}}, 100), host{0, true}), 100, 0},
		{"all fail", slices.Repeat([]host{{time.Second, false}}, 3), -1, time.Second + 2*stagger},
		{"all are dead", slices.Repeat([]host{{never, false}}, 3), -1, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				all := addresses(len(tt.hosts))
				begun := time.Now()
				conn, err := race(ctx, all, func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
					i := slices.Index(all, a)
					select {
					case <-time.After(tt.hosts[i].after):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					if !tt.hosts[i].there {
						return nil, errDead
					}
					return &closes{n: i}, nil
				})
				won := -1
				if err == nil {
					won = conn.(*closes).n
				} else if !errors.Is(err, errDead) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want the error of an address", err)
				}
				if took := time.Since(begun); won != tt.want || took != tt.took {
					t.Errorf("address %d after %v, want %d after %v", won, took, tt.want, tt.took)
				}
			})
		})
	}
}

// A connection that is there when another one has won is closed.
func TestRaceLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := []*closes{{}, {}}
		all := addresses(3)
		conn, err := race(t.Context(), all, func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			if a == all[2] {
				return new(closes), nil
			}
			<-ctx.Done() // and yet it has connected
			return late[slices.Index(all, a)], nil
		})
		if err != nil || conn.(*closes).n != 0 {
			t.Fatalf("%v, %v", conn, err)
		}
		for i, c := range late {
			if c.n != 1 {
				t.Errorf("connection %d was closed %d times", i, c.n)
			}
		}
	})
}

// names is a resolver of its own.
type names func(host string) []string

func (n names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if network != "ip" {
		return nil, errors.New("asked for " + network)
	}
	if err := ctx.Err(); err != nil {
		return nil, &net.DNSError{Err: "given up", Name: host}
	}
	var all []netip.Addr
	for _, s := range n(host) {
		all = append(all, netip.MustParseAddr(s))
	}
	return all, nil
}

func TestOrderOfAddresses(t *testing.T) {
	for _, tt := range []struct{ found, want string }{
		{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1 2001:db8::2 192.0.2.1 192.0.2.2 192.0.2.3", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 192.0.2.3"},
		{"192.0.2.1 192.0.2.2 2001:db8::1", "192.0.2.1 2001:db8::1 192.0.2.2"},
		{"192.0.2.1 ::ffff:192.0.2.1 192.0.2.1", "192.0.2.1"},
	} {
		tr := New(WithResolver(names(func(string) []string { return strings.Fields(tt.found) })))
		all, err := tr.candidates(t.Context(), hostPort{host: "name", port: 1})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range all {
			got = append(got, a.Addr().String())
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s in the order %s, want %s", tt.found, s, tt.want)
		}
	}
}

func TestEP07EveryAddressEachTime(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	at := port(t, l)
	asked := 0
	tr := New(WithResolver(names(func(host string) []string {
		asked++
		if host != "moving.example" {
			return nil
		}
		return [][]string{{"127.0.0.2"}, {"127.0.0.2", "::1", "127.0.0.3", "127.0.0.1"}}[min(asked-1, 1)]
	})))
	if _, err := tr.Dial(t.Context(), "moving.example:"+at); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), at) {
		t.Fatalf("where nobody is: %v", err)
	}
	for _, source := range []string{"", "127.0.0.1:0;", "*:0;", loopback(t) + ":0;"} {
		conn, err := tr.Dial(t.Context(), source+"moving.example:"+at)
		if err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		conn.Close()
	}
	if asked != 5 {
		t.Errorf("asked %d times, want once for each of 5 attempts", asked)
	}
	unknown := new(net.DNSError)
	if _, err := tr.Dial(t.Context(), "unknown.example:"+at); !errors.As(err, &unknown) || !unknown.IsNotFound {
		t.Errorf("a name without addresses: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tr.Dial(ctx, "moving.example:"+at); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
