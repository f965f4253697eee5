package discovery

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestCandidates: the nearest first, and nothing that an honest instance would
// not mean.
func TestCandidates(t *testing.T) {
	id := ID{1, 2, 3}
	ipc := LocalEndpoint(id)
	local := []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24"), netip.MustParsePrefix("2001:db8::/64"), netip.MustParsePrefix("127.0.0.0/8")}
	for _, c := range []struct {
		what      string
		host      string
		endpoints []string
		loopback  bool
		want      []string
	}{
		{
			"order", "here",
			[]string{"tcp://peer.example:1", "tcp://[2001:db9::1]:1", "tcp://10.0.0.1:1", "tcp://[2001:db8::1]:1", "tcp://192.168.1.7:1", ipc},
			false,
			[]string{ipc, "tcp://[2001:db8::1]:1", "tcp://192.168.1.7:1", "tcp://10.0.0.1:1", "tcp://[2001:db9::1]:1", "tcp://peer.example:1"},
		},
		{"ipc of another host", "there", []string{ipc, "tcp://10.0.0.1:1"}, false, []string{"tcp://10.0.0.1:1"}},
		{"ipc of an unknown host", "", []string{ipc}, false, nil},
		{"ipc that is not the instance's", "here", []string{"ipc:///run/docker.sock", "ipc://@dbus", LocalEndpoint(ID{9})}, false, nil},
		{
			"traps", "here",
			[]string{
				"tcp://0.0.0.0:1", "tcp://[::]:1", "tcp://224.0.0.1:1", "tcp://255.255.255.255:1", "tcp://127.0.0.1:1",
				"tcp://[::1]:1", "tcp://[ff02::1]:1", "tcp://[fe80::1]:1", "tcp://[::ffff:127.0.0.1]:1",
				"tcp://[::ffff:0.0.0.0]:1",
			},
			false, nil,
		},
		{
			"loopback if asked for", "here",
			[]string{"tcp://localhost:1", "tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://0.0.0.0:1"},
			true,
			[]string{"tcp://127.0.0.1:1", "tcp://[::1]:1", "tcp://localhost:1"},
		},
		{"link-local with its zone", "here", []string{"tcp://[fe80::1%eth0]:1", "tcp://169.254.1.1:1"}, false, []string{"tcp://169.254.1.1:1", "tcp://[fe80::1%eth0]:1"}},
	} {
		in := &Instance{ID: id, Host: c.host, Endpoints: c.endpoints}
		if got := candidates(in, c.loopback, "here", local); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// TestRace: a better candidate has a head start and no more, a dead one costs
// no time, and every connection but the first is closed.
func TestRace(t *testing.T) {
	const slow, dead, never = "slow", "dead", "never"
	for _, c := range []struct {
		what      string
		endpoints []string
		winner    string
		after     time.Duration
	}{
		{"the first", []string{"a", "b"}, "a", 0},
		{"after a refusal", []string{dead, "b"}, "b", 0},
		{"after a head start", []string{never, "b"}, "b", headStart},
		{"past several", []string{never, never + "2", "c"}, "c", 2 * headStart},
		{"a late first", []string{slow, never}, slow, time.Second},
		{"late, but the second is later", []string{slow, slow + "2"}, slow, time.Second},
		{"all dead", []string{dead, dead + "2"}, "", 0},
		{"dead or mute", []string{dead, never}, "", tryTime},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				open := make(map[string]net.Conn)
				dial := func(ctx context.Context, e string) (net.Conn, error) {
					switch {
					case strings.HasPrefix(e, dead):
						return nil, errors.New("refused")
					case strings.HasPrefix(e, never):
						<-ctx.Done()
						return nil, ctx.Err()
					case strings.HasPrefix(e, slow):
						<-time.After(time.Second) // even if it is given up meanwhile
					}
					here, there := net.Pipe()
					mu.Lock()
					open[e] = there
					mu.Unlock()
					return here, nil
				}
				begun := time.Now()
				conn, winner, err := race(t.Context(), c.endpoints, dial)
				if winner != c.winner || (err == nil) != (conn != nil) || (err == nil) != (c.winner != "") {
					t.Fatalf("%v, %q, %v, want %q", conn, winner, err, c.winner)
				}
				if c.winner == "" {
					for _, e := range c.endpoints {
						if !strings.Contains(err.Error(), e) {
							t.Errorf("%v does not say what became of %s", err, e)
						}
					}
				}
				if d := time.Since(begun); d != c.after && c.what != "late, but the second is later" {
					t.Errorf("took %v, want %v", d, c.after)
				}
				for e, there := range open {
					if e == winner {
						continue
					}
					if _, err := there.Read(make([]byte, 1)); err == nil {
						t.Errorf("%s is open", e)
					}
				}
				if conn != nil {
					conn.Close()
				}
			})
		})
	}
}

// TestRaceGivesUp: a race ends with its context, and leaves nothing behind.
func TestRaceGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := race(ctx, []string{"a", "b"}, func(ctx context.Context, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNames: of a host that is named only the addresses are dialed that would be
// if they had been announced.
func TestNames(t *testing.T) {
	addrs := func(all ...string) (out []netip.Addr) {
		for _, a := range all {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	for _, c := range []struct {
		what     string
		leads    []netip.Addr
		loopback bool
		want     []string
		says     string
	}{
		{"an address", addrs("192.0.2.1"), false, []string{"tcp://192.0.2.1:7"}, ""},
		{"two", addrs("192.0.2.1", "2001:db8::1"), false, []string{"tcp://192.0.2.1:7", "tcp://[2001:db8::1]:7"}, ""},
		{"loopback", addrs("127.0.1.1", "::1"), false, nil, "WithLoopback"},
		{"loopback beside another", addrs("127.0.1.1", "192.0.2.1"), false, []string{"tcp://192.0.2.1:7"}, ""},
		{"loopback that is asked for", addrs("127.0.0.1"), true, []string{"tcp://127.0.0.1:7"}, ""},
		{"mapped loopback, unspecified, multicast", addrs("::ffff:127.0.0.1", "0.0.0.0", "224.0.0.1"), false, nil, "may not be dialed"},
		{"nowhere", nil, false, nil, "no such host"},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var dialed []string
				f := &follow{
					loopback: c.loopback,
					dial: func(_ context.Context, e string) (net.Conn, error) {
						mu.Lock()
						defer mu.Unlock()
						dialed = append(dialed, e)
						return nil, errors.New("refused")
					},
					lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
						if c.leads == nil {
							return nil, errors.New("no such host " + host)
						}
						return c.leads, nil
					},
				}
				_, err := f.reach(t.Context(), "tcp://vm.example:7")
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want one that says %q", err, c.says)
				}
				if !slices.Equal(dialed, c.want) {
					t.Errorf("dialed %q, want %q", dialed, c.want)
				}
			})
		})
	}
}
