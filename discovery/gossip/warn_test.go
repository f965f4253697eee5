package gossip

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

// What memberlist logs becomes a warning if somebody can do something about it,
// and only so often.
func TestJournal(t *testing.T) {
	const decrypt = "[ERR] memberlist: failed to receive: no installed keys could decrypt the message from=192.0.2.1:4711\n"
	for line, want := range map[string]error{
		decrypt: ErrKey,
		"[ERR] memberlist: failed to receive: encryption is configured but remote state is not encrypted from=192.0.2.1:1\n": ErrKey,
		"[ERR] memberlist: Decrypt packet failed: payload is too small to decrypt: 3 from=192.0.2.1:4711\n":                  discovery.ErrMalformed,
		"[WARN] memberlist: Was able to connect to x over TCP but UDP probes failed, network may be misconfigured\n":         ErrPath,
		"[DEBUG] memberlist: Failed UDP ping: x (timeout reached)\n":                                                         nil,
		"[DEBUG] memberlist: failed to join 192.0.2.1:1: no installed keys could decrypt the message\n":                      nil,
	} {
		s := testState(t)
		w := s.catalog.Watch(t.Context(), "", nil)
		for range 3 {
			if n, err := (journal{s}).Write([]byte(line)); n != len(line) || err != nil {
				t.Errorf("Write = %d, %v", n, err)
			}
		}
		if want == nil {
			check(t, w)
		} else {
			check(t, w, event(discovery.Warning, discovery.Instance{}, want))
		}
		w.Close()
	}
}

func TestLimiter(t *testing.T) {
	var l limiter
	if !l.allow("a", now) || l.allow("a", now.Add(warnEvery-1)) || !l.allow("a", now.Add(warnEvery)) {
		t.Error("want the same thing once in its time")
	}
	allowed := 0
	for i := range 10 * maxWarnings {
		if l.allow(fmt.Sprint(i), now.Add(warnEvery)) {
			allowed++
		}
	}
	if allowed >= maxWarnings || len(l.last) > maxWarnings {
		t.Errorf("%d things allowed, %d remembered: want at most %d", allowed, len(l.last), maxWarnings)
	}
	if !l.allow("new", now.Add(3*warnEvery)) {
		t.Error("want room again when the others are old")
	}
}
