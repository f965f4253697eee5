package auth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// serve has ServeZAP answer at a ROUTER, until the test is over.
func serve(t testing.TB, router *socket.Router, a socket.Authenticator) (ended <-chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	result, over := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(over)
		result <- auth.ServeZAP(ctx, router, a)
	}()
	t.Cleanup(func() { cancel(); <-over })
	return result, cancel
}

// What an authenticator is told and says is the same by way of ZAP.
func TestServeZAP(t *testing.T) {
	space := apart()
	var mu sync.Mutex
	var seen []socket.Credentials
	a := socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
		mu.Lock()
		seen = append(seen, c)
		mu.Unlock()
		switch c.Username {
		case "later":
			return socket.Admission{}, &socket.AuthError{Status: socket.AuthTemporary, Text: "later"}
		case "broken":
			return socket.Admission{}, errors.New("broken")
		case "panic":
			panic("oh")
		case "odd":
			return socket.Admission{UserID: "odd", Metadata: map[string]string{"": "x"}}, nil
		}
		return socket.Admission{UserID: "user " + c.Username, Metadata: map[string]string{"X-Team": "blue"}}, nil
	})
	serve(t, handler(t, space), a)
	z := client(t, space)
	for _, c := range []socket.Credentials{
		null("192.0.2.7"), plain("ann", "secret"), curve(ann),
		{Mechanism: "CURVE", Domain: "work", Address: "::1", Identity: []byte("press"), Key: bob[:]},
	} {
		got, err := z.Authenticate(bounded(t), c)
		if err != nil || got.UserID != "user "+c.Username || !maps.Equal(got.Metadata, map[string]string{"X-Team": "blue"}) {
			t.Fatalf("%+v: %+v, %v", c, got, err)
		}
		c.Endpoint = "" // is not told
		equal(t, "credentials", fmt.Sprintf("%+v", seen[len(seen)-1]), fmt.Sprintf("%+v", c))
	}
	refuses(t, z, plain("later", ""), socket.AuthTemporary, "later")
	refuses(t, z, plain("broken", ""), socket.AuthInternal, "broken")
	refuses(t, z, plain("panic", ""), socket.AuthInternal, "panicked: oh")
	refuses(t, z, plain("odd", ""), socket.AuthInternal, "metadata of the authenticator")
	admits(t, z, plain("ann", ""), "user ann")
}

// What makes no sense is answered with 500 if there is an id to answer by, and
// hurts nobody else. A REQ may ask too.
func TestServeZAPMalformedRequests(t *testing.T) {
	space := apart()
	serve(t, handler(t, space), auth.Anyone())
	dealer := must(socket.NewDealer(space, socket.WithLinger(0)))
	defer dealer.Close()
	if err := dealer.Connect(auth.ZAPEndpoint); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		request []string
		text    string // empty: no answer
	}{
		{[]string{"x"}, ""},
		{[]string{""}, ""},
		{[]string{"", "1.0"}, ""},
		{[]string{"1.0", "1", "d", "a", "i", "NULL"}, ""},
		{[]string{"", "1.0", "", "", "", "", "NULL"}, ""},
		{[]string{"", "1.1", "1", "", "", "", "NULL"}, "bad ZAP version"},
		{[]string{"", "1.0", "2"}, "2 frames"},
		{[]string{"", "1.0", "3", "", "", "NULL"}, "5 frames"},
		{[]string{"", "1.0", "4", "", "", "", "NULL", "x"}, "mechanism"},
		{[]string{"", "1.0", "5", "", "", "", "PLAIN", "x"}, "mechanism"},
		{[]string{"", "1.0", "6", "", "", "", "PLAIN", "x", "y", "z"}, "mechanism"},
		{[]string{"", "1.0", "7", "", "", "", "CURVE"}, "mechanism"},
		{[]string{"", "1.0", "8", "", "", "", "CURVE", "short"}, "mechanism"},
		{[]string{"", "1.0", "9", "", "", "", "GSSAPI", "x"}, "mechanism"},
		{[]string{"", "1.0", "10", "", "", "", ""}, "mechanism"},
	} {
		send(t, dealer, c.request...)
		if c.text == "" {
			continue // the next answer is not to this one
		}
		got := receive(t, dealer)
		if len(got) != 7 || got[0] != "" || got[1] != "1.0" || got[2] != c.request[2] || got[3] != "500" || got[5] != "" || got[6] != "" {
			t.Fatalf("%q was answered with %q", c.request, got)
		}
		says(t, got[4], c.text)
	}
	req := must(socket.NewReq(space, socket.WithLinger(0)))
	defer req.Close()
	if err := req.Connect(auth.ZAPEndpoint); err != nil {
		t.Fatal(err)
	}
	send(t, req, "1.0", "x", "", "192.0.2.7", "", "NULL")
	equal(t, "reply", receive(t, req), []string{"1.0", "x", "200", "OK", "", ""})
}

// Over ipc a handler can serve several processes.
func TestServeZAPOverIPC(t *testing.T) {
	router := must(socket.NewRouter(socket.WithLinger(0)))
	defer router.Close()
	endpoint := must(router.Bind("ipc://*"))
	ended, _ := serve(t, router, auth.Keys(ann))
	z := must(auth.ZAPAt(endpoint))
	defer z.Close()
	admits(t, z, curve(ann), annText)
	refuses(t, z, curve(bob), socket.AuthDenied, "unknown key")
	router.Close()
	if err := <-ended; err != nil {
		t.Errorf("after the end of the ROUTER: %v, want nil", err)
	}
}

// One that hangs holds up no other one, and the end waits for it.
func TestServeZAPEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		space := apart()
		leave := make(chan struct{})
		a := socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			if c.Username == "slow" {
				<-leave
			}
			return socket.Admission{UserID: c.Username}, nil
		})
		ended, stop := serve(t, handler(t, space), a)
		z := client(t, space)
		ctx, cancel := context.WithCancel(bounded(t))
		slow := ask(ctx, z, plain("slow", ""))
		synctest.Wait()
		admits(t, z, plain("ann", ""), "ann")
		cancel()
		<-slow
		stop()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Errorf("ended with %v while a call is under way", err)
		default:
		}
		close(leave)
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v, want the context's error", err)
		}
	})
}
