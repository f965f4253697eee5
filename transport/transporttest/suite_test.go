package transporttest_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/transport"
	"github.com/brokerless/brokerless/transport/inproc"
	"github.com/brokerless/brokerless/transport/transporttest"
)

// faults are transports that break one promise each, by the subtest that must find it.
func faults() map[string]transport.Transport {
	inner := inproc.New()
	with := func(edit func(*broken)) transport.Transport {
		b := &broken{Transport: inner}
		edit(b)
		return b
	}
	return map[string]transport.Transport{
		"Scheme": with(func(b *broken) { b.scheme = "In Proc" }),
		"ResolvedAddress": with(func(b *broken) {
			b.wrapListen = func(l net.Listener) net.Listener {
				return &oddListener{Listener: l, addr: inproc.Addr("elsewhere")}
			}
		}),
		"AddressInUse": with(func(b *broken) {
			b.listen = func(ctx context.Context, address string) (net.Listener, error) {
				l, err := inner.Listen(ctx, address)
				if err != nil {
					return nil, errors.New("no")
				}
				return l, nil
			}
		}),
		"ListenAgain": with(func(b *broken) {
			b.wrapListen = func(l net.Listener) net.Listener {
				return &oddListener{Listener: l, close: func() error { return nil }}
			}
		}),
		"ListenCancelled": with(func(b *broken) {
			b.listen = func(ctx context.Context, address string) (net.Listener, error) {
				return inner.Listen(context.WithoutCancel(ctx), address)
			}
		}),
		"CloseEndsAccept": with(func(b *broken) {
			b.wrapListen = func(l net.Listener) net.Listener {
				return &oddListener{Listener: l, close: func() error { return nil }}
			}
		}),
		"CloseListenerKeepsConns": with(func(b *broken) {
			b.wrapListen = func(l net.Listener) net.Listener {
				var last net.Conn
				return &oddListener{
					Listener: l,
					accept: func() (conn net.Conn, err error) {
						last, err = l.Accept()
						return last, err
					},
					close: func() error {
						if last != nil {
							last.Close()
						}
						return l.Close()
					},
				}
			}
		}),
		"BadAddresses": with(func(b *broken) { b.anyAddress = true }),
		"DialNobody": with(func(b *broken) {
			b.dial = func(ctx context.Context, address string) (net.Conn, error) {
				return inner.Dial(context.WithoutCancel(ctx), address)
			}
		}),
		"DialCancelled": with(func(b *broken) {
			b.dial = func(ctx context.Context, address string) (net.Conn, error) {
				if ctx.Err() != nil {
					return nil, errors.New("no")
				}
				return inner.Dial(ctx, address)
			}
		}),
		"ContextEndsWithCall": with(func(b *broken) {
			b.dial = func(ctx context.Context, address string) (net.Conn, error) {
				conn, err := inner.Dial(ctx, address)
				if err != nil {
					return nil, err
				}
				return &oddConn{Conn: conn, write: func(p []byte) (int, error) {
					if ctx.Err() != nil {
						return 0, ctx.Err()
					}
					return conn.Write(p)
				}}, nil
			}
		}),
		"ConcurrentDials": with(func(b *broken) {
			var dialling atomic.Int32
			b.dial = func(ctx context.Context, address string) (net.Conn, error) {
				defer dialling.Add(-1)
				if dialling.Add(1) > 1 {
					return nil, errors.New("busy")
				}
				return inner.Dial(ctx, address)
			}
		}),
		"Addrs": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn { return &oddConn{Conn: c, remote: inproc.Addr("elsewhere")} }
		}),
		"Echo": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				return &oddConn{Conn: c, write: func(p []byte) (int, error) {
					if len(p) > 4096 {
						p = append([]byte(nil), p...)
						p[4096] ^= 1
					}
					return c.Write(p)
				}}
			}
		}),
		"CloseEndsPeer": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				return &oddConn{Conn: c, close: func() error { return nil }}
			}
		}),
		"CloseEndsRead": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				return &oddConn{Conn: c, close: func() error { return nil }}
			}
		}),
		"CloseEndsWrite": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				return &oddConn{Conn: c, close: func() error { return nil }}
			}
		}),
		"HalfClose": with(func(*broken) {}),
		"ReadDeadline": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				return &oddConn{Conn: c, setReadDeadline: func(time.Time) error { return nil }}
			}
		}),
		"WriteDeadline": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				return &oddConn{Conn: c, setWriteDeadline: func(time.Time) error { return nil }}
			}
		}),
		"NoGoroutineLeft": with(func(b *broken) {
			b.wrap = func(c net.Conn) net.Conn {
				go func() { select {} }()
				return c
			}
		}),
	}
}

// faultVariable names the fault that a copy of this test binary is to run the suite over.
const faultVariable = "TRANSPORTTEST_FAULT"

// A suite that cannot fail proves nothing: each broken promise must be found, by the subtest that is named for it.
func TestRunFindsFaults(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each in a process of its own
			only := name
			if name == "NoGoroutineLeft" {
				only += "|Echo" // so that something happens before the goroutines are counted
			}
			cmd := exec.CommandContext(t.Context(), executable, "-test.run=^TestFaulty$/^("+only+")$")
			cmd.Env = append(os.Environ(), faultVariable+"="+name, "GORACE=atexit_sleep_ms=0")
			output, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("the run over a broken transport ended with %v, want a failure:\n%s", err, output)
			}
			if !strings.Contains(string(output), "--- FAIL: TestFaulty/"+name+" ") {
				t.Errorf("the subtest %s did not fail:\n%s", name, output)
			}
		})
	}
}

// TestFaulty is the other half of TestRunFindsFaults.
func TestFaulty(t *testing.T) {
	name := os.Getenv(faultVariable)
	if name == "" {
		t.Skip("runs only as a child of TestRunFindsFaults")
	}
	transporttest.Run(t, faults()[name], transporttest.Options{
		Address:     func(t *testing.T) string { return t.Name() },
		BadDial:     []string{""},
		NoHalfClose: name != "HalfClose",
		Patience:    100 * time.Millisecond,
	})
}
