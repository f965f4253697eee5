package interop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
	"github.com/brokerless/brokerless/socket/plain"
)

// The names of the cases, as the table in the docs has them.
const (
	accepted       = "as it should be"
	wrongPassword  = "wrong password"
	unknownUser    = "unknown user"
	wrongKey       = "a key that is not allowed"
	wrongServerKey = "another server's key"
	noMechanism    = "no mechanism (NULL)"
	otherMechanism = "the other mechanism"
	unknownDomain  = "a domain without rules"
	comeBack       = "told to come back (300)"
	broken         = "the authenticator fails (500)"
)

// A cast is everybody's keys.
type cast struct {
	ours, otherOurs     curve.KeyPair // ours may come to libzmq's server, other may not
	theirs, otherTheirs peer.Keys     // the other way round
	theirPublic, other  curve.Key
}

func newCast(t *testing.T, p *process) (c cast) {
	t.Helper()
	var err error
	for _, k := range []*curve.KeyPair{&c.ours, &c.otherOurs} {
		*k, err = curve.NewKeyPair()
		must(t, err)
	}
	for _, k := range []*peer.Keys{&c.theirs, &c.otherTheirs} {
		*k, err = p.NewKeys()
		must(t, err)
	}
	c.theirPublic, err = curve.ParseKey(c.theirs.Public)
	must(t, err)
	c.other, err = curve.ParseKey(c.otherTheirs.Public)
	must(t, err)
	return c
}

// authenticator is what our server asks: it knows one user and one key, and the
// domains that the cases are named after.
func (c cast) authenticator() socket.Authenticator {
	deny := func(status int, text string) (socket.Admission, error) {
		return socket.Admission{}, &socket.AuthError{Status: status, Text: text}
	}
	return socket.AuthenticatorFunc(func(_ context.Context, r socket.Credentials) (socket.Admission, error) {
		switch {
		case r.Domain == unknownDomain:
			return deny(socket.AuthDenied, "nobody may come in here")
		case r.Domain == comeBack:
			return deny(socket.AuthTemporary, "not now")
		case r.Domain == broken:
			return socket.Admission{}, errors.New("the table is locked")
		case r.Mechanism == "PLAIN" && r.Username == user && r.Password == password:
			return socket.Admission{UserID: user}, nil
		case r.Mechanism == "PLAIN" && r.Username == user:
			return deny(socket.AuthDenied, "wrong password")
		case r.Mechanism == "PLAIN":
			return deny(socket.AuthDenied, "unknown user")
		case r.Mechanism == "CURVE" && string(r.Key) == string(c.theirPublic[:]):
			return socket.Admission{UserID: user}, nil
		}
		return deny(socket.AuthDenied, "unknown key")
	})
}

// weServe returns the two ends of a case in which ours is the server.
func (c cast) weServe(mechanism, name string) secured {
	security := plain.Server()
	client := peer.PlainClient(user, password)
	other := peer.CurveClient(c.ours.Public.String(), c.theirs)
	if mechanism == "CURVE" {
		security = curve.Server(c.ours)
		client, other = other, client
	}
	switch name {
	case wrongPassword:
		client = peer.PlainClient(user, "close sesame")
	case unknownUser:
		client = peer.PlainClient("bob", password)
	case wrongKey:
		client = peer.CurveClient(c.ours.Public.String(), c.otherTheirs)
	case wrongServerKey:
		client = peer.CurveClient(c.otherOurs.Public.String(), c.theirs)
	case noMechanism:
		client = nil
	case otherMechanism:
		client = other
	}
	return secured{
		socket.WithOptions(socket.WithSecurity(security), socket.WithAuthenticator(c.authenticator()), socket.WithAuthDomain(name)),
		client,
	}
}

// theyServe returns the two ends of a case in which libzmq is the server.
func (c cast) theyServe(mechanism, name string) secured {
	domain := theirDomain
	if name == unknownDomain {
		domain = "elsewhere"
	}
	they := peer.PlainServer(domain)
	client := socket.WithSecurity(plain.Client(user, password))
	other := socket.WithSecurity(curve.Client(c.theirPublic, c.ours))
	if mechanism == "CURVE" {
		they = peer.CurveServer(domain, c.theirs)
		client, other = other, client
	}
	switch name {
	case wrongPassword:
		client = socket.WithSecurity(plain.Client(user, "close sesame"))
	case unknownUser:
		client = socket.WithSecurity(plain.Client("bob", password))
	case wrongKey:
		client = socket.WithSecurity(curve.Client(c.theirPublic, c.otherOurs))
	case wrongServerKey:
		client = socket.WithSecurity(curve.Client(c.other, c.ours))
	case noMechanism:
		client = socket.WithOptions()
	case otherMechanism:
		client = other
	}
	return secured{client, they}
}

// A report is one line of the table.
type report struct{ server, mechanism, client, ours, matches, libzmq string }

func (r report) row() string {
	return "| " + strings.Join([]string{r.server, r.mechanism, r.client, r.ours, r.matches, r.libzmq}, " | ") + " |"
}

// key is the beginning of the line, which says what is tried.
func (r report) key() string { return fmt.Sprintf("| %s | %s | %s ", r.server, r.mechanism, r.client) }

// heard returns what our side says of a handshake, and which errors that matches.
func heard(e socket.Event) (what, matches string) {
	if e.Err == nil {
		return e.Kind.String(), ""
	}
	for _, known := range []struct {
		name string
		err  error
	}{{"ErrAuth", socket.ErrAuth}, {"ErrProtocol", socket.ErrProtocol}} {
		if errors.Is(e.Err, known.err) {
			matches = "`" + known.name + "`"
		}
	}
	if matches == "" {
		return e.Kind.String() + ": the connection ends", ""
	}
	return fmt.Sprintf("%s: %v", e.Kind, e.Err), matches
}

// TestReports has clients come to servers, who may and who may not, and compares
// what both sides report with the table in the docs.
func TestReports(t *testing.T) {
	p := startLibzmq(t)
	c := newCast(t, p)
	must(t, p.Authenticate(theirDomain, map[string]string{user: password}, c.ours.Public.String()))
	want := reports(t)
	tried := make(map[string]bool)
	both := map[string][]string{
		"PLAIN": {accepted, wrongPassword, unknownUser, noMechanism, otherMechanism, unknownDomain},
		"CURVE": {accepted, wrongKey, wrongServerKey, noMechanism, otherMechanism, unknownDomain},
	}
	for _, mechanism := range []string{"PLAIN", "CURVE"} {
		for _, server := range []string{"ours", "libzmq"} {
			cases := both[mechanism]
			if server == "ours" {
				cases = append(slices.Clip(cases), comeBack, broken)
			}
			for _, name := range cases {
				r := report{server: server, mechanism: mechanism, client: name}
				t.Run(fmt.Sprintf("%s/server=%s/%s", mechanism, server, name), func(t *testing.T) {
					sec := c.theyServe(mechanism, name)
					if server == "ours" {
						sec = c.weServe(mechanism, name)
					}
					we := newOurs(t, "DEALER", "", sec.we)
					they := theirs(t, p, "DEALER", sec.they...)
					m := we.Monitor()
					defer m.Close()
					if server == "ours" {
						link(t, "tcp", we, they)
					} else {
						link(t, "tcp", they, we)
					}
					r.ours, r.matches = heard(awaitEvent(t, m, socket.EventReady, socket.EventHandshakeFailed))
					r.libzmq = awaitTheirs(t, they, "HANDSHAKE_SUCCEEDED", "HANDSHAKE_FAILED_AUTH",
						"HANDSHAKE_FAILED_PROTOCOL", "HANDSHAKE_FAILED_NO_DETAIL", "DISCONNECTED").String()
					if !want[r.row()] {
						t.Errorf("not in the table:\n%s", r.row())
					}
				})
				tried[r.key()] = true
			}
		}
	}
	for row := range want {
		if cells := strings.Split(row, "|"); (cells[1] == " ours " || cells[1] == " libzmq ") && !tried[strings.Join(cells[:4], "|")] {
			t.Errorf("in the table, and not tried:\n%s", row)
		}
	}
}

// reportsHeading is over the table.
const reportsHeading = "What both sides report"

// reports returns the lines of the table in the docs.
func reports(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "# "+reportsHeading+"\n")
	if !found {
		t.Fatalf("no section %q in the docs", reportsHeading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := make(map[string]bool)
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			rows[line] = true
		}
	}
	return rows
}
