package socket_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// authenticator makes an option of a function.
func authenticator(f func(ctx context.Context, c socket.Credentials) (socket.Admission, error)) socket.Option {
	return socket.WithAuthenticator(socket.AuthenticatorFunc(f))
}

// receiverFrom is a socket that says who sent a message.
type receiverFrom interface {
	anySocket
	RecvFrom(ctx context.Context) (socket.Message, socket.Peer, error)
}

// Who the authenticator says that a peer is comes with each of its messages, on
// every socket that receives.
func TestAuthenticatorNamesTheSender(t *testing.T) {
	var last atomic.Int64
	named := authenticator(func(context.Context, socket.Credentials) (socket.Admission, error) {
		n := last.Add(1)
		return socket.Admission{UserID: fmt.Sprint("user ", n), Metadata: map[string]string{"X-Number": fmt.Sprint(n)}}, nil
	})
	type sender interface {
		anySocket
		socket.Sender
	}
	for name, open := range map[string]func(s *stage) (receiverFrom, func() sender){
		"PULL": func(s *stage) (receiverFrom, func() sender) {
			return s.pull(named), func() sender { return s.push() }
		},
		"REP": func(s *stage) (receiverFrom, func() sender) {
			return s.rep(named), func() sender { return s.req() }
		},
		"ROUTER": func(s *stage) (receiverFrom, func() sender) {
			return s.router(named), func() sender { return s.dealer() }
		},
		"DEALER": func(s *stage) (receiverFrom, func() sender) {
			return s.dealer(named), func() sender { return s.dealer() }
		},
		"PAIR": func(s *stage) (receiverFrom, func() sender) {
			return s.pair(named), func() sender { return s.pair() }
		},
		"GATHER": func(s *stage) (receiverFrom, func() sender) {
			return s.gather(named), func() sender { return s.scatter() }
		},
		"SERVER": func(s *stage) (receiverFrom, func() sender) {
			return s.server(named), func() sender { return s.client() }
		},
		"SUB": func(s *stage) (receiverFrom, func() sender) {
			sub := s.sub(named)
			if err := sub.Subscribe(""); err != nil {
				s.Fatal(err)
			}
			return sub, func() sender { return s.xpub() }
		},
		"XPUB": func(s *stage) (receiverFrom, func() sender) {
			return s.xpub(named), func() sender { return s.xsub() }
		},
		"XSUB": func(s *stage) (receiverFrom, func() sender) {
			xsub := s.xsub(named)
			s.send(xsub, "\x01")
			return xsub, func() sender { return s.xpub() }
		},
	} {
		showWire(t, name, func(s *stage) {
			r, another := open(s)
			endpoint := s.bind(r)
			peers := 2
			if name == "PAIR" {
				peers = 1
			}
			seen := make(map[string]bool)
			for range peers {
				x := another()
				s.connect(x, endpoint)
				s.peers(x, 1)
				if pub, ok := x.(*socket.XPub); ok {
					s.want(pub, "\x01")
				}
				messages := 3
				if name == "REP" {
					messages = 1 // a REQ waits for its reply
				}
				user := ""
				for range messages {
					s.send(x, "\x01x")
					_, peer, err := r.RecvFrom(s.ctx)
					if err != nil {
						s.Fatal(err)
					}
					if user == "" {
						user = peer.UserID
					}
					number, _ := peer.Property("X-Number")
					if peer.UserID != user || user != "user "+number || seen[user] {
						s.Fatalf("a message of %q, number %q, want %q", peer.UserID, number, user)
					}
					if rep, ok := r.(*socket.Rep); ok {
						s.send(rep, "y")
					}
					if name == "XPUB" {
						break // the topic is subscribed to now, and told once
					}
				}
				seen[user] = true
				if name == "XPUB" {
					drop(x)
					s.want(r.(*socket.XPub), "\x00x")
				}
			}
		})
	}
}

// One call that hangs holds up no other handshake, and one that panics costs
// only its own.
func TestAuthenticatorMisbehaves(t *testing.T) {
	showWire(t, "hangs", func(s *stage) {
		entered, leave := make(chan struct{}), make(chan struct{})
		defer close(leave)
		var calls atomic.Int64
		pull := s.pull(authenticator(func(context.Context, socket.Credentials) (socket.Admission, error) {
			if calls.Add(1) == 1 {
				close(entered)
				<-leave // whatever its context says
			}
			return socket.Admission{}, nil
		}))
		endpoint := s.bind(pull)
		w := s.dial(endpoint)
		w.write(greeting(3, 1))
		<-entered
		for i := range 20 {
			push := s.push()
			s.connect(push, endpoint)
			s.send(push, fmt.Sprint(i))
			s.want(pull, fmt.Sprint(i))
		}
		equal(s, "peers", pull.Stats().Peers, 20)
	})
	showWire(t, "panics", func(s *stage) {
		var calls atomic.Int64
		pull := s.pull(authenticator(func(context.Context, socket.Credentials) (socket.Admission, error) {
			if n := calls.Add(1); n <= 3 {
				panic(fmt.Sprint("oh ", n))
			}
			return socket.Admission{UserID: "ann"}, nil
		}))
		m := pull.Monitor()
		endpoint := s.bind(pull)
		for n := 1; n <= 3; n++ {
			w := s.dial(endpoint)
			w.write(greeting(3, 1))
			w.expect(greeting(3, 1), command("ERROR", "\x03500")) // and not what it panicked with
			w.closed()
			err := s.event(m, socket.EventHandshakeFailed).Err
			s.matches(err, socket.ErrAuth)
			s.says(err, fmt.Sprintf("panicked: oh %d", n))
			s.says(err, "authenticator_test.go") // where
		}
		push := s.push()
		s.connect(push, endpoint)
		s.send(push, "x")
		s.want(pull, "x")
	})
}

// All peers are asked about at the same time.
func TestAuthenticatorAsksAtOnce(t *testing.T) {
	showWire(t, "all wait for each other", func(s *stage) {
		const n = 100
		var waiting atomic.Int64
		all := make(chan struct{})
		pull := s.pull(authenticator(func(ctx context.Context, _ socket.Credentials) (socket.Admission, error) {
			if waiting.Add(1) == n {
				close(all)
			}
			select {
			case <-all:
				return socket.Admission{}, nil
			case <-ctx.Done():
				return socket.Admission{}, ctx.Err()
			}
		}), socket.WithHandshakeTimeout(patience))
		endpoint := s.bind(pull)
		for range n {
			s.connect(s.push(), endpoint)
		}
		s.peers(pull, n)
	})
}

// Nothing that a peer sends is seen before it has been let in, and nothing of it
// ever if it is not (ZA-12).
func TestAuthenticatorBeforeTraffic(t *testing.T) {
	for _, admitted := range []bool{true, false} {
		showWire(t, fmt.Sprint("admitted ", admitted), func(s *stage) {
			entered, decide := make(chan struct{}), make(chan error)
			pull := s.pull(authenticator(func(context.Context, socket.Credentials) (socket.Admission, error) {
				close(entered)
				return socket.Admission{}, <-decide
			}))
			m := pull.Monitor()
			w := s.dial(s.bind(pull))
			w.write(greeting(3, 1), ready(property("Socket-Type", "PUSH")), message("x"))
			<-entered
			w.expect(greeting(3, 1))
			s.empty(pull)
			equal(s, "peers", pull.Stats().Peers, 0)
			if admitted {
				decide <- nil
				s.want(pull, "x")
				return
			}
			decide <- &socket.AuthError{Status: socket.AuthDenied, Text: "no"}
			s.says(s.event(m, socket.EventHandshakeFailed).Err, "no")
			s.empty(pull)
			equal(s, "messages in", pull.Stats().In.Messages, 0)
		})
	}
}

// Close ends the context of the calls, and waits for them.
func TestAuthenticatorAtClose(t *testing.T) {
	showWire(t, "waits", func(s *stage) {
		entered, ended, leave := make(chan struct{}), make(chan struct{}), make(chan struct{})
		pull := s.pull(authenticator(func(ctx context.Context, _ socket.Credentials) (socket.Admission, error) {
			close(entered)
			<-ctx.Done()
			close(ended)
			<-leave
			return socket.Admission{}, nil
		}))
		w := s.dial(s.bind(pull))
		w.write(greeting(3, 1))
		<-entered
		var closing sync.WaitGroup
		var closed atomic.Bool
		closing.Go(func() {
			drop(pull)
			closed.Store(true)
		})
		<-ended
		if closed.Load() {
			s.Error("closed while a call is under way")
		}
		close(leave)
		closing.Wait()
	})
}

// In process there is nobody to be kept out, and nobody is asked.
func TestAuthenticatorInProcess(t *testing.T) {
	showInproc(t, "is not asked", func(s *stage) {
		pull := s.pull(authenticator(func(context.Context, socket.Credentials) (socket.Admission, error) {
			s.Error("asked")
			return socket.Admission{}, nil
		}))
		push := s.push()
		s.connect(push, s.bind(pull))
		s.send(push, "x")
		s.want(pull, "x")
	})
}

// The peer's address has no port, and no name of a file (ZA-04).
func TestAuthenticatorSeesTheAddress(t *testing.T) {
	showWire(t, "of the peer", func(s *stage) {
		seen := make(chan socket.Credentials, 1)
		pull := s.pull(authenticator(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			seen <- c
			return socket.Admission{}, nil
		}))
		endpoint := s.bind(pull)
		s.connect(s.push(), endpoint)
		c := <-seen
		want := socket.Credentials{Mechanism: "NULL", Endpoint: endpoint}
		if s.scheme == "tcp" {
			want.Address = "127.0.0.1"
		}
		c.Process = nil // of ipc, where the system tells it
		equal(s, "credentials", fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", want))
	})
}

// Without a mechanism there are no roles: who connects asks too, about whom it
// has connected to (ZA-10).
func TestAuthenticatorOfWhoConnects(t *testing.T) {
	showWire(t, "asks too", func(s *stage) {
		seen := make(chan string, 1)
		push := s.push(authenticator(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			seen <- c.Endpoint
			return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "not there"}
		}), never())
		m := push.Monitor()
		endpoint := s.bind(s.pull())
		s.connect(push, endpoint)
		equal(s, "endpoint", <-seen, endpoint)
		s.says(s.event(m, socket.EventHandshakeFailed).Err, "not there")
	})
}

// A peer that is refused for now is told nothing and comes again at its usual
// pace (ZA-11); one that is refused takes its longest pause.
func TestAuthenticatorRefusesForNow(t *testing.T) {
	for _, status := range []int{socket.AuthTemporary, socket.AuthDenied, socket.AuthInternal} {
		showWire(t, fmt.Sprint(status), func(s *stage) {
			var calls atomic.Int64
			pull := s.pull(authenticator(func(context.Context, socket.Credentials) (socket.Admission, error) {
				if calls.Add(1) <= 3 {
					return socket.Admission{}, &socket.AuthError{Status: status}
				}
				return socket.Admission{}, nil
			}))
			push := s.push(socket.WithRedial(time.Millisecond, time.Hour))
			m := push.Monitor()
			s.connect(push, s.bind(pull))
			if status == socket.AuthTemporary {
				s.peers(push, 1)
				return
			}
			if pause := s.event(m, socket.EventRedial).Delay; pause < time.Hour || pause > 6*time.Hour {
				s.Errorf("pause of %v, want at least the longest, and at most six times that", pause)
			}
		})
	}
}
