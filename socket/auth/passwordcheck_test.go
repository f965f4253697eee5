package auth

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/socket"
)

func plainly(user, password string) socket.Credentials {
	return socket.Credentials{Mechanism: "PLAIN", Username: user, Password: password}
}

// tableOf returns a table of users whose hashes differ in their time.
func tableOf(users ...string) passwordTable {
	hashes := make(map[string]*hash)
	for i, u := range users {
		h := noPassword()
		h.time = uint32(i + 1)
		hashes[u] = h
	}
	return newPasswordTable(hashes)
}

// Every attempt costs one comparison, whoever it is for: with the hash of the
// user, or else with that of some user, who is always the same one. None of
// these comparisons lets an unknown user in.
func TestUnknownUsersCostAsMuch(t *testing.T) {
	table := tableOf("ann", "bob", "cid")
	p := newPasswordChecker()
	var compared []*hash
	p.compare = func(h *hash, _ string) bool {
		compared = append(compared, h)
		return true
	}
	decoys := make(map[*hash]int)
	for i := range 300 {
		user := fmt.Sprintf("user %d", i)
		compared = nil
		for range 2 {
			if _, err := p.admit(t.Context(), table, plainly(user, "x")); err == nil {
				t.Fatalf("%q, who is unknown, was let in", user)
			}
		}
		if len(compared) != 2 || compared[0] != compared[1] {
			t.Fatalf("%q: compared with %v", user, compared)
		}
		decoys[compared[0]]++
	}
	for user, h := range table.hashes {
		if decoys[h] == 0 {
			t.Errorf("the hash of %s is no unknown user's", user)
		}
		compared = nil
		if got, err := p.admit(t.Context(), table, plainly(user, "x")); err != nil || got.UserID != user || len(compared) != 1 || compared[0] != h {
			t.Errorf("%s: %+v, %v, compared %v", user, got, err, compared)
		}
	}
	compared = nil
	if _, err := p.admit(t.Context(), tableOf(), plainly("ann", "")); err == nil || len(compared) != 1 {
		t.Errorf("an empty table: %v, compared %v", err, compared)
	}
}

// No more hashes than allowed are made at once; who waits in vain may try again,
// and does not cost a hash any more.
func TestFewHashesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPasswordChecker()
		atOnce := cap(p.slots)
		if most := max(runtime.GOMAXPROCS(0)/2, 1); atOnce < 1 || atOnce > most || atOnce > 8 {
			t.Fatalf("%d at once, want 1 to %d", atOnce, most)
		}
		var running, made, peak atomic.Int32
		gate := make(chan struct{})
		p.compare = func(*hash, string) bool {
			peak.Store(max(peak.Load(), running.Add(1)))
			made.Add(1)
			<-gate
			running.Add(-1)
			return true
		}
		table := tableOf("ann")
		var calls sync.WaitGroup
		var in, later atomic.Int32
		attempt := func(ctx context.Context) {
			calls.Go(func() {
				_, err := p.admit(ctx, table, plainly("ann", "x"))
				var e *socket.AuthError
				switch {
				case err == nil:
					in.Add(1)
				case errors.As(err, &e) && e.Status == socket.AuthTemporary:
					later.Add(1)
				default:
					t.Errorf("refused with %v", err)
				}
			})
		}
		for range atOnce {
			attempt(t.Context())
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 50 {
			attempt(ctx)
		}
		synctest.Wait()
		if int(made.Load()) != atOnce {
			t.Errorf("%d hashes are being made, want %d", made.Load(), atOnce)
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if later.Load() != 50 {
			t.Errorf("%d of 50 whose time was over were refused for now", later.Load())
		}
		for range 20 {
			attempt(t.Context())
		}
		close(gate)
		calls.Wait()
		if int(in.Load()) != atOnce+20 || int(made.Load()) != atOnce+20 || int(peak.Load()) > atOnce {
			t.Errorf("%d let in, %d hashes, %d at once", in.Load(), made.Load(), peak.Load())
		}
		for range 20 { // a place and the end at the same time
			attempt(ctx)
		}
		calls.Wait()
		if int(made.Load()) != atOnce+20 {
			t.Error("a hash was made for nobody")
		}
	})
}

// A comparison that panics gives its place back.
func TestPlaceOfAPanic(t *testing.T) {
	p := newPasswordChecker()
	p.compare = func(*hash, string) bool { panic("broken") }
	for range cap(p.slots) + 1 {
		func() {
			defer func() { _ = recover() }()
			_, _ = p.admit(t.Context(), tableOf("ann"), plainly("ann", "x"))
		}()
	}
	p.compare = func(*hash, string) bool { return true }
	if _, err := p.admit(t.Context(), tableOf("ann"), plainly("ann", "x")); err != nil {
		t.Error(err)
	}
}
