package lan

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// An avahi is a host with Avahi's daemon on it, and a message bus by which its
// tools reach it. Neither knows anything of those of the system.
type avahi struct {
	host *host
	bus  string // the address of the message bus
}

// avahi starts Avahi's daemon on the host.
func (h *host) avahi(t testing.TB) *avahi {
	t.Helper()
	for command, debian := range map[string]string{
		"avahi-daemon": "avahi-daemon", "avahi-browse": "avahi-utils", "avahi-publish": "avahi-utils", "dbus-daemon": "dbus",
	} {
		if _, err := exec.LookPath(command); err != nil {
			missing(t, "no command %s: apt-get install %s", command, debian)
		}
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "bus")
	busConf, avahiConf := filepath.Join(dir, "bus.conf"), filepath.Join(dir, "avahi.conf")
	must(t, os.WriteFile(busConf, fmt.Appendf(nil, busConfig, socket), 0o600))
	must(t, os.WriteFile(avahiConf, fmt.Appendf(nil, avahiConfig, h.name), 0o600))
	a := &avahi{h, "unix:path=" + socket}

	bus := h.foreign(t, line, h.command("dbus-daemon", "--nofork", "--nopidfile", "--print-address", "--config-file="+busConf))
	bus.await(t, Query{Kinds: []string{"line"}}) // the address: it listens
	daemon := a.run(t, line, "avahi-daemon", "--file="+avahiConf, "--no-drop-root", "--no-chroot", "--no-rlimits", "--debug")
	version := daemon.await(t, Query{Kinds: []string{"line"}, Text: "starting up"})
	daemon.await(t, Query{Kinds: []string{"line"}, Text: "Server startup complete"})
	t.Logf("peer: %s", strings.TrimSuffix(version.Text, " starting up."))
	return a
}

const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
`

const avahiConfig = `[server]
host-name=%s
use-ipv4=yes
use-ipv6=no
allow-interfaces=eth0
[publish]
publish-workstation=no
publish-aaaa-on-ipv4=no
`

// run runs a program that finds the daemon by the message bus. Its /run is its
// own, for the daemon's name for its file with the process id is fixed.
func (a *avahi) run(t testing.TB, parse func(string) (Record, bool), args ...string) *foreign {
	t.Helper()
	script := `mount -t tmpfs none /run && mkdir /run/avahi-daemon && exec "$@" 2>&1`
	cmd := a.host.command("sh", append([]string{"-c", script, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+a.bus)
	return a.host.foreign(t, parse, cmd)
}

// browse runs avahi-browse for instances of our type.
func (a *avahi) browse(t testing.TB) *foreign {
	t.Helper()
	return a.run(t, parseBrowse, "avahi-browse", "--parsable", "--resolve", "--no-db-lookup", "_brokerless._tcp")
}

// publish runs avahi-publish, which withdraws what it announces when it ends.
func (a *avahi) publish(t testing.TB, id discovery.ID, port int, text ...string) *foreign {
	t.Helper()
	args := []string{"avahi-publish", "--service", id.String(), "_brokerless._tcp", fmt.Sprint(port)}
	f := a.run(t, line, append(args, text...)...)
	f.await(t, Query{Kinds: []string{"line"}, Text: "Established"})
	return f
}

// line is for programs that print for people to read.
func line(text string) (Record, bool) { return Record{Kind: "line", Text: text}, true }

// parseBrowse reads a line of avahi-browse --parsable.
func parseBrowse(text string) (Record, bool) {
	f := strings.SplitN(text, ";", 10)
	switch {
	case f[0] == "=" && len(f) == 10:
		return Record{Kind: "added", ID: f[3], Text: f[9], Where: []string{f[7] + ":" + f[8]}}, true
	case f[0] == "-" && len(f) > 3:
		return Record{Kind: "removed", ID: f[3]}, true
	}
	return Record{}, false
}

// TestAvahiFindsUs has avahi-browse see what we announce and withdraw.
func TestAvahiFindsUs(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	browser := l.host(t, "avahi").avahi(t).browse(t)
	host := l.host(t, "a")
	a := host.open(t)
	in := a.offer(t, discovery.Instance{Service: "orders", Name: "Küche"})
	other := a.offer(t, discovery.Instance{Service: "bills"})
	for _, in := range []discovery.Instance{in, other} {
		found := browser.await(t, Query{Kinds: []string{"added"}, ID: in.ID.String(), Text: `"svc=` + in.Service + `"`})
		if want := []string{strings.TrimPrefix(host.eth0().endpoint(in), "tcp://")}; !slices.Equal(found.Where, want) {
			t.Errorf("found at %v, want %v", found.Where, want)
		}
	}
	a.call(t, "Withdraw", in.ID, nil)
	browser.await(t, Query{Kinds: []string{"removed"}, ID: in.ID.String()})

	// The other one can still be resolved, by one who asks now too (D-13).
	late := l.host(t, "late").avahi(t).browse(t)
	late.await(t, Query{Kinds: []string{"added"}, ID: other.ID.String()})
	if all := browser.journal.all(Query{Kinds: []string{"removed"}, ID: other.ID.String()}); len(all) > 0 {
		t.Errorf("the other one went too: %v", all)
	}
}

// TestAvahiFound has Avahi announce and withdraw what we follow.
func TestAvahiFound(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	host := l.host(t, "avahi")
	daemon, b := host.avahi(t), l.host(t, "b").open(t)
	receiver := host.open(t)
	behind := receiver.offer(t, discovery.Instance{Service: "elsewhere"})
	id := discovery.NewID()
	b.follow(t, Whom{Service: "orders"})
	published := daemon.publish(t, id, port(t, host.eth0().endpoint(behind)), "v=1", "svc=orders", "type=PULL", "name=Küche")
	found := b.await(t, Query{Kinds: []string{"added"}, ID: id.String()})
	if want := []string{host.eth0().endpoint(behind)}; found.Text != "Küche" || !slices.Equal(found.Where, want) {
		t.Errorf("found %v, want it at %v", found, want)
	}
	b.linked(t, discovery.Instance{ID: id}, 0)
	b.say(t, "orders", receiver)
	published.kill(t)
	b.await(t, Query{Kinds: []string{"removed"}, ID: id.String(), Text: discovery.ErrLeft.Error()})
	b.say(t, "orders", receiver)
}

// TestBesideAvahi shares a host, and so the port of mDNS, with Avahi. Neither
// takes from the other what it should hear.
func TestBesideAvahi(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	shared := l.host(t, "avahi")
	browser := shared.avahi(t).browse(t)
	a, b := shared.open(t), l.host(t, "b").open(t)
	offers := []discovery.Instance{a.offer(t, discovery.Instance{Service: "ours"}), b.offer(t, discovery.Instance{Service: "theirs"})}
	a.follow(t, Whom{Service: "theirs"})
	b.follow(t, Whom{Service: "ours"})
	for _, in := range offers {
		browser.await(t, Query{Kinds: []string{"added"}, ID: in.ID.String()})
	}
	a.linked(t, offers[1], 0)
	a.say(t, "theirs", b)
	b.linked(t, offers[0], 0)
	b.say(t, "ours", a)
	for i, p := range []*process{a, b} {
		p.call(t, "Withdraw", offers[i].ID, nil)
		browser.await(t, Query{Kinds: []string{"removed"}, ID: offers[i].ID.String()})
	}
}
