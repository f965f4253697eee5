package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/transport/inproc"
)

// apart gives a test a name space of its own in process, as ZAP has one name.
func apart() socket.Option { return socket.WithTransport(inproc.New()) }

// client returns a ZAP client.
func client(t testing.TB, opts ...socket.DealerOption) *auth.ZAPClient {
	t.Helper()
	z, err := auth.ZAP(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z
}

// handler binds a ROUTER where ZAP handlers are.
func handler(t testing.TB, opts ...socket.RouterOption) *socket.Router {
	t.Helper()
	r, err := socket.NewRouter(append(opts, socket.WithLinger(0))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := r.Bind(auth.ZAPEndpoint); err != nil {
		t.Fatal(err)
	}
	return r
}

// A verdict is what Authenticate returned.
type verdict struct {
	admission socket.Admission
	err       error
}

// ask asks in the background.
func ask(ctx context.Context, a socket.Authenticator, c socket.Credentials) <-chan verdict {
	done := make(chan verdict, 1)
	go func() {
		admission, err := a.Authenticate(ctx, c)
		done <- verdict{admission, err}
	}()
	return done
}

func receive(t testing.TB, r socket.Receiver) []string {
	t.Helper()
	m, err := r.Recv(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	frames := make([]string, len(m))
	for i, f := range m {
		frames[i] = string(f)
	}
	return frames
}

func send(t testing.TB, s socket.Sender, frames ...string) {
	t.Helper()
	m := make([][]byte, len(frames))
	for i, f := range frames {
		m[i] = []byte(f)
	}
	if err := s.Send(bounded(t), m...); err != nil {
		t.Fatal(err)
	}
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
		t.Fatalf("%s: %s, want %s", what, g, w)
	}
}

// What the handler is asked is what RFC 27 has it asked, frame by frame.
func TestZAPRequest(t *testing.T) {
	space := apart()
	router, z := handler(t, space), client(t, space)
	for i, c := range []struct {
		credentials socket.Credentials
		frames      []string
	}{
		{
			socket.Credentials{Mechanism: "NULL", Domain: "work", Address: "192.0.2.7", Endpoint: "tcp://*:1"},
			[]string{"work", "192.0.2.7", "", "NULL"},
		},
		{
			socket.Credentials{Mechanism: "PLAIN", Address: "::1", Username: "ann", Password: "secret"},
			[]string{"", "::1", "", "PLAIN", "ann", "secret"},
		},
		{
			socket.Credentials{Mechanism: "PLAIN"},
			[]string{"", "", "", "PLAIN", "", ""},
		},
		{
			socket.Credentials{Mechanism: "CURVE", Domain: "d", Identity: []byte("press"), Key: ann[:]},
			[]string{"d", "", "press", "CURVE", string(ann[:])},
		},
	} {
		done := ask(bounded(t), z, c.credentials)
		got := receive(t, router)
		id := fmt.Sprint(i + 1)
		equal(t, "request", got[1:], append([]string{"", "1.0", id}, c.frames...))
		send(t, router, got[0], "", "1.0", id, "200", "OK", "ann", "\x06X-Team\x00\x00\x00\x04blue")
		v := <-done
		if v.err != nil || v.admission.UserID != "ann" || v.admission.Metadata["X-Team"] != "blue" || len(v.admission.Metadata) != 1 {
			t.Fatalf("%+v, %v", v.admission, v.err)
		}
	}
	refuses(t, z, socket.Credentials{Mechanism: "GSSAPI"}, socket.AuthInternal, "GSSAPI")
}

// A handler may be a REP, and refuse with each status.
func TestZAPRefusals(t *testing.T) {
	space := apart()
	rep := must(socket.NewRep(space, socket.WithLinger(0)))
	defer rep.Close()
	must(rep.Bind(auth.ZAPEndpoint))
	z := client(t, space)
	for _, status := range []int{socket.AuthTemporary, socket.AuthDenied, socket.AuthInternal} {
		done := ask(bounded(t), z, null("192.0.2.7"))
		got := receive(t, rep)
		send(t, rep, "1.0", got[1], fmt.Sprint(status), "because", "mallory", "\x01X\x00\x00\x00\x01y")
		v := <-done
		refused(t, v.admission, v.err, status, "because")
	}
}

// Each way to be malformed refuses the peer with 500 and is told apart, and the
// next peer is served (ZA-02).
func TestZAPMalformedReplies(t *testing.T) {
	space := apart()
	router, z := handler(t, space), client(t, space)
	for name, c := range map[string]struct {
		reply []string // ID is the request's id
		says  string
	}{
		"too few":     {[]string{"", "1.0", "ID", "200", "OK", "ann"}, "malformed ZAP reply: 6 frames"},
		"too many":    {[]string{"", "1.0", "ID", "200", "OK", "ann", "", ""}, "malformed ZAP reply: 8 frames"},
		"version":     {[]string{"", "2.0", "ID", "200", "OK", "ann", ""}, `bad ZAP version: "2.0"`},
		"status":      {[]string{"", "1.0", "ID", "204", "OK", "ann", ""}, `invalid ZAP status: "204"`},
		"status text": {[]string{"", "1.0", "ID", "OK", "200", "ann", ""}, `invalid ZAP status: "OK"`},
		"metadata":    {[]string{"", "1.0", "ID", "200", "OK", "ann", "\x01"}, "invalid ZAP metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			done := ask(bounded(t), z, null("192.0.2.7"))
			request := receive(t, router)
			reply := append([]string{request[0]}, c.reply...)
			reply[3] = request[3]
			send(t, router, reply...)
			v := <-done
			refused(t, v.admission, v.err, socket.AuthInternal, auth.ZAPEndpoint, c.says)

			done = ask(bounded(t), z, null("192.0.2.7"))
			request = receive(t, router)
			send(t, router, request[0], "", "1.0", request[3], "200", "", "ann", "")
			if v := <-done; v.err != nil || v.admission.UserID != "ann" {
				t.Fatalf("the next peer: %+v, %v", v.admission, v.err)
			}
		})
	}
}

// A reply that cannot be told whose it is lets nobody in and refuses nobody; who
// is never answered is told of it.
func TestZAPStrayReplies(t *testing.T) {
	space := apart()
	router, z := handler(t, space), client(t, space)
	for _, c := range []struct{ reply, says string }{
		{"|1.0|99|200|OK|mallory|", `bad ZAP request id: "99"`},
		{"|1.0||200|OK|mallory|", "bad ZAP request id: none"},
		{"1.0|ID|200|OK|mallory|", "malformed ZAP reply: 6 frames"},
		{"x|1.0|ID|200|OK|mallory|", "malformed ZAP reply: a first frame"},
		{"", "malformed ZAP reply: 1 frames"},
	} {
		ctx, cancel := context.WithCancel(bounded(t))
		lost := ask(ctx, z, null("192.0.2.7"))
		request := receive(t, router)
		reply := strings.Split(strings.ReplaceAll(c.reply, "ID", request[3]), "|")
		send(t, router, append([]string{request[0]}, reply...)...)
		// Its reader takes one after the other: once another is answered, it has
		// seen the stray one.
		other := ask(bounded(t), z, null("192.0.2.8"))
		second := receive(t, router)
		send(t, router, second[0], "", "1.0", second[3], "200", "", "bob", "")
		if v := <-other; v.err != nil || v.admission.UserID != "bob" {
			t.Fatalf("another peer: %+v, %v", v.admission, v.err)
		}
		cancel()
		v := <-lost
		refused(t, v.admission, v.err, socket.AuthInternal, "no answer", c.says)
	}
	// What came before is no reason.
	ctx, cancel := context.WithCancel(bounded(t))
	lost := ask(ctx, z, null("192.0.2.7"))
	receive(t, router)
	cancel()
	v := <-lost
	refused(t, v.admission, v.err, socket.AuthInternal, "no answer")
	if strings.Contains(v.err.Error(), "has sent what is none") {
		t.Errorf("refused with %v", v.err)
	}
}

// Replies come in any order, and each goes to its own request; a second reply,
// or a late one, goes to nobody.
func TestZAPManyAtATime(t *testing.T) {
	space := apart()
	router, z := handler(t, space), client(t, space)
	const n = 200
	ctx, cancel := context.WithCancel(bounded(t))
	late := ask(ctx, z, plain("late", ""))
	var all sync.WaitGroup
	requests := [][]string{receive(t, router)}
	for i := range n {
		all.Go(func() {
			user := fmt.Sprint("user ", i)
			got, err := z.Authenticate(bounded(t), plain(user, ""))
			if err != nil || got.UserID != user {
				t.Errorf("%s: %+v, %v", user, got, err)
			}
		})
	}
	for range n {
		requests = append(requests, receive(t, router))
	}
	cancel()
	if v := <-late; v.err == nil {
		t.Error("one that gave up was let in")
	}
	for _, r := range slices.Backward(requests) {
		for range 10 {
			send(t, router, r[0], "", "1.0", r[3], "200", "", r[8], "")
		}
	}
	all.Wait()
}

// Where nobody is bound nobody comes in: not a second later, and at once when
// there is no time (ZA-08).
func TestZAPWithoutHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z, err := auth.ZAP(apart())
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		began := time.Now()
		refuses(t, z, null("192.0.2.7"), socket.AuthInternal, "no ZAP handler at inproc://zeromq.zap.01")
		if took := time.Since(began); took != time.Second {
			t.Errorf("refused after %v, want 1 s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = z.Authenticate(ctx, null("192.0.2.7"))
		refused(t, socket.Admission{}, err, socket.AuthInternal, "no ZAP handler")
		if took := time.Since(began); took != time.Second+time.Millisecond {
			t.Errorf("refused after %v more than a second, want 1 ms", took-time.Second)
		}
	})
}

// A handler may come late, go, and come back; what it was asked and did not
// answer is not asked of the next one.
func TestZAPHandlerComesAndGoes(t *testing.T) {
	space := apart()
	z := client(t, space, socket.WithRedial(time.Millisecond, 10*time.Millisecond))
	for range 3 {
		router := handler(t, space)
		lost, cancel := context.WithCancel(bounded(t))
		done := ask(lost, z, plain("lost", ""))
		equal(t, "user", receive(t, router)[8], "lost")
		answered := ask(bounded(t), z, plain("ann", ""))
		r := receive(t, router)
		equal(t, "user", r[8], "ann")
		send(t, router, r[0], "", "1.0", r[3], "200", "", "ann", "")
		if v := <-answered; v.err != nil {
			t.Fatal(v.err)
		}
		unread := ask(lost, z, plain("unread", ""))
		for tick := time.Tick(time.Millisecond); router.Stats().In.Queued == 0; {
			select {
			case <-tick:
			case <-lost.Done():
				t.Fatal(lost.Err())
			}
		}
		router.Close()
		cancel()
		for _, done := range []<-chan verdict{done, unread} {
			v := <-done
			refused(t, v.admission, v.err, socket.AuthInternal, "no answer")
		}
	}
}

// A handler that never answers costs each peer its time, and no other one.
func TestZAPHandlerHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		space := apart()
		handler(t, space)
		z, err := auth.ZAP(space)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		began := time.Now()
		all := make([]<-chan verdict, 3000) // more than are queued for it
		for i := range all {
			all[i] = ask(ctx, z, null("192.0.2.7"))
		}
		for _, done := range all {
			v := <-done
			refused(t, v.admission, v.err, socket.AuthInternal, "ZAP handler")
		}
		if took := time.Since(began); took != 9*time.Second {
			t.Errorf("refused after %v, want 9 s", took)
		}
	})
}

func TestZAPClose(t *testing.T) {
	space := apart()
	router, z := handler(t, space), client(t, space)
	waiting := ask(bounded(t), z, null("192.0.2.7"))
	receive(t, router)
	var closing sync.WaitGroup
	for range 3 {
		closing.Go(func() {
			if err := z.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	closing.Wait()
	v := <-waiting
	refused(t, v.admission, v.err, socket.AuthInternal, "closed")
	refuses(t, z, null("192.0.2.7"), socket.AuthInternal, "closed")

	unbound := client(t, apart())
	without := ask(bounded(t), unbound, null("192.0.2.7"))
	unbound.Close()
	v = <-without
	refused(t, v.admission, v.err, socket.AuthInternal, "closed")
}

func TestZAPErrors(t *testing.T) {
	if _, err := auth.ZAP(socket.WithTransport(nil)); !errors.Is(err, socket.ErrOption) {
		t.Errorf("%v, want ErrOption", err)
	}
	if _, err := auth.ZAPAt("nowhere"); !errors.Is(err, socket.ErrEndpoint) {
		t.Errorf("%v, want ErrEndpoint", err)
	}
}
