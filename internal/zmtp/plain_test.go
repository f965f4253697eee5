package zmtp

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// WT-62, WT-68, WT-121: credentials of any octets up to 255 arrive as they are,
// the authenticator is asked before the client's metadata has come, and nothing
// is encrypted.
func TestPlain(t *testing.T) {
	long := strings.Repeat("\xff", MaxPlainCredential)
	for _, c := range [][2]string{{"ann", "tea"}, {"", ""}, {"ann", ""}, {"", "tea"}, {long, long}, {"a\x00b", "\x00"}} {
		client := NewHandshake(Config{SocketType: "PUSH", Mechanism: PlainClient(c[0], c[1])})
		server := NewHandshake(Config{SocketType: "PULL", Mechanism: PlainServer()})
		if errC, errS := pump(t, client, server); errC != nil || errS != nil || client.Done() || server.Done() {
			t.Fatalf("client %v, server %v", errC, errS)
		}
		asked, ok := server.Asked()
		if !ok || len(asked.Credentials) != 2 || string(asked.Credentials[0]) != c[0] || string(asked.Credentials[1]) != c[1] || asked.Properties != nil {
			t.Fatalf("asked about %q, want %q", asked, c)
		}
		errC, errS := connect(t, client, server, Verdict{Status: StatusOK, UserID: "ann"})
		if errC != nil || errS != nil || !client.Done() || !server.Done() || client.Cipher() != nil || server.Cipher() != nil {
			t.Fatalf("client %v, server %v", errC, errS)
		}
		if c, s := client.Peer(), server.Peer(); c.SocketType != "PULL" || s.SocketType != "PUSH" || s.UserID != "ann" || s.Mechanism != "PLAIN" {
			t.Errorf("peers %+v and %+v", c, s)
		}
	}
}

// Too long a credential does not leave the house, in whole or in part.
func TestPlainTooLong(t *testing.T) {
	long := strings.Repeat("s", MaxPlainCredential+1)
	for _, c := range [][2]string{{long, "p"}, {"u", long}} {
		h := NewHandshake(Config{Mechanism: PlainClient(c[0], c[1])})
		out, _, err := feed(h, AppendGreeting(nil, Greeting{Mechanism: "PLAIN"}), 64)
		if err == nil || !strings.Contains(err.Error(), "of 256 octets, expected at most 255") || len(out) != GreetingSize {
			t.Errorf("wrote %d octets, error %v", len(out), err)
		}
		if strings.Contains(err.Error(), "sss") {
			t.Errorf("it is in the error: %v", err)
		}
	}
}

// plainUpTo returns a client or server to which the command called name is next,
// and that command.
func plainUpTo(t *testing.T, name string) (Mechanism, []byte) {
	t.Helper()
	c, s := PlainClient("ann", "tea"), PlainServer()
	c.Start(Metadata{{SocketTypeProperty, []byte("PUSH")}})
	s.Start(Metadata{{SocketTypeProperty, []byte("PULL")}})
	from, to := c, s
	for {
		next, payload := output(t, from)
		if next == name {
			return to, payload
		}
		if err := to.Receive(next, payload); err != nil {
			t.Fatal(err)
		}
		if to.State() == Waiting {
			s.(Asker).Answer(Verdict{Status: StatusOK})
		}
		from, to = to, from
	}
}

func TestPlainRefuses(t *testing.T) {
	secret := "\x03ann\x07secret!"
	for _, tt := range []struct {
		next, name, payload string
		want                Kind
	}{
		{commandHello, commandHello, "", BadCommand},
		{commandHello, commandHello, "\x03ann", BadCommand},
		{commandHello, commandHello, "\x03an", BadCommand},
		{commandHello, commandHello, secret[:len(secret)-1], BadCommand},
		{commandHello, commandHello, secret + "\x00", BadCommand}, // WT-62
		{commandHello, commandHello, "\xff" + strings.Repeat("u", 254) + "\x07secret!", BadCommand},
		{commandHello, commandInitiate, "", UnexpectedCommand},
		{commandHello, "hello", secret, UnexpectedCommand},
		{commandHello, "HELLO\x00", secret, UnexpectedCommand},
		{commandHello, CommandReady, "", UnexpectedCommand},
		{commandWelcome, commandWelcome, "\x00", BadCommand},
		{commandWelcome, commandHello, secret, UnexpectedCommand},
		{commandWelcome, CommandReady, "", UnexpectedCommand},
		{commandInitiate, commandInitiate, "\x01", BadMetadata},
		{commandInitiate, commandInitiate, "\x01a\x00\x00\x00\x02x", BadMetadata},
		{commandInitiate, commandHello, secret, UnexpectedCommand},
		{commandInitiate, CommandReady, "", UnexpectedCommand},
		{CommandReady, CommandReady, "\x01", BadMetadata},
		{CommandReady, commandWelcome, "", UnexpectedCommand},
		{CommandReady, "MESSAGE", "", UnexpectedCommand},
	} {
		m, _ := plainUpTo(t, tt.next)
		err := m.Receive(tt.name, []byte(tt.payload))
		if kindOf(err) != tt.want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q with %q where %s is next: error %v, want %v", tt.name, tt.payload, tt.next, err, tt.want)
		}
	}
}

// What is cut short is refused where a size is known, and only there.
func TestPlainPrefixes(t *testing.T) {
	for _, name := range []string{commandHello, commandInitiate, CommandReady} {
		_, payload := plainUpTo(t, name)
		for n := range payload {
			m, _ := plainUpTo(t, name)
			empty := name != commandHello && n == 0 // no metadata is metadata
			if err := m.Receive(name, payload[:n]); (err == nil) != empty {
				t.Errorf("%d of %d octets of %s: error %v", n, len(payload), name, err)
			}
		}
	}
}

// Nothing is taken while the authenticator is asked, nor after the last command.
// The credentials are copies, and are not kept.
func TestPlainServerAsks(t *testing.T) {
	s := PlainServer().(*plainServer)
	s.Start(nil)
	hello := []byte("\x03ann\x03tea")
	if err := s.Receive(commandHello, hello); err != nil || s.State() != Waiting {
		t.Fatalf("state %v, %v", s.State(), err)
	}
	clear(hello)
	if r := s.Request(); string(r.Credentials[0]) != "ann" || string(r.Credentials[1]) != "tea" {
		t.Errorf("request %q", r)
	}
	for _, name := range []string{commandHello, commandInitiate, CommandReady} {
		if err := s.Receive(name, nil); kindOf(err) != UnexpectedCommand {
			t.Errorf("%s while it asks: %v", name, err)
		}
	}
	if out, err := s.Output(nil); len(out) > 0 || err != nil {
		t.Errorf("while it asks: wrote %q, %v", out, err)
	}
	s.Answer(Verdict{Status: StatusOK})
	if s.user != nil || s.password != nil {
		t.Error("the credentials are kept")
	}
}

// RFC 24: a server says what is wrong; what a client has to say goes unsaid.
func TestPlainRefuse(t *testing.T) {
	if got := PlainServer().Refuse([]byte("x"), "why"); !bytes.Equal(got, AppendError([]byte("x"), "why")) {
		t.Errorf("server: %q", got)
	}
	if got := PlainClient("ann", "tea").Refuse([]byte("x"), "why"); string(got) != "x" {
		t.Errorf("client: %q", got)
	}
	server := NewHandshake(Config{Mechanism: PlainServer()})
	in := slices.Concat(AppendGreeting(nil, Greeting{Mechanism: "PLAIN"}), appendCommand(nil, commandHello, 0))
	out, _, err := feed(server, in, len(in))
	if said := reasonOf(t, out[GreetingSize:]); said != err.Error() {
		t.Errorf("says %q, error %v", said, err)
	}
	// WT-66: an ERROR of go-zeromq/zmq4, without its length, still means ERROR.
	client := NewHandshake(Config{Mechanism: PlainClient("ann", "tea")})
	in = slices.Concat(AppendGreeting(nil, Greeting{Mechanism: "PLAIN"}), AppendFrame(nil, FlagCommand, []byte("\x05ERRORinvalid")))
	if _, _, err := feed(client, in, len(in)); err == nil || errors.Is(err, errDenied) || client.Done() {
		t.Errorf("client: %v, done %v", err, client.Done())
	}
}
