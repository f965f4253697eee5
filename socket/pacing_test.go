package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// telling is a server that refuses with an ERROR.
func telling(reason string) func(r *raw) {
	return func(r *raw) {
		r.drain()
		r.send(greeting(3, 1, "NULL"), command("ERROR", string(byte(len(reason)))+reason))
		<-time.After(time.Second)
	}
}

// acting returns an attempt to connect to a peer that does what act says, by
// the number of the attempt.
func acting(t *testing.T, act func(i int) func(r *raw)) func(i int) (net.Conn, error) {
	t.Helper()
	return func(i int) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			act(i)(&raw{Conn: far, t: t})
		}()
		return near, nil
	}
}

// TestRedialAfterDenial: who is refused by the peer's authenticator waits longer
// than after any other failure, from the longest ordinary pause to six times that;
// but not after a refusal for now, which is an ordinary failure (ZA-11).
func TestRedialAfterDenial(t *testing.T) {
	const times = 8
	for _, tt := range []struct {
		reason        string
		opts          []PullOption
		first, bottom time.Duration // the least that the first pause and the last may be
		top           time.Duration // the most
	}{
		{"400", nil, defaultRedialMax, 3 * defaultRedialMax, 6 * defaultRedialMax},
		{"500", nil, defaultRedialMax, 3 * defaultRedialMax, 6 * defaultRedialMax},
		{"300", nil, defaultRedialMin / 2, defaultRedialMax / 2, defaultRedialMax},
		{"400", []PullOption{WithRedial(time.Second, 2*time.Second)}, 2 * time.Second, 6 * time.Second, 12 * time.Second},
		{"400", []PullOption{WithRedialDenied(time.Minute, 4*time.Minute)}, time.Minute, 2 * time.Minute, 4 * time.Minute},
		{"400", []PullOption{WithRedialDenied(time.Minute, time.Minute)}, time.Minute, time.Minute, time.Minute},
	} {
		t.Run(fmt.Sprint(tt.reason, " ", tt.top), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempt := acting(t, func(int) func(*raw) { return telling(tt.reason) })
				_, pauses := dialed(t, times, attempt, tt.opts...)
				if first := pauses[0]; first < tt.first || first > 2*tt.first {
					t.Errorf("the first pause is %v, want %v to twice that", first, tt.first)
				}
				if last := pauses[times-1]; last < tt.bottom || last > tt.top {
					t.Errorf("the last of the pauses %v is not within %v to %v", pauses, tt.bottom, tt.top)
				}
				pass(time.Second)
			})
		})
	}
}

// TestRedialAfterAdmission: once the peer lets us in, pauses are the ordinary
// ones again, and another denial begins at the shortest.
func TestRedialAfterAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const denials = 5
		admitting := func(r *raw) { r.meet("PUSH"); <-time.After(time.Minute) }
		attempt := acting(t, func(i int) func(*raw) {
			if i == denials {
				return admitting
			}
			return telling("400")
		})
		_, pauses := dialed(t, denials+2, attempt, WithHeartbeat(0, 0))
		if pause := pauses[denials]; pause > defaultRedialMin {
			t.Errorf("pause after having been let in %v, want at most %v", pause, defaultRedialMin)
		}
		if pause := pauses[denials+1]; pause < defaultRedialMax || pause > 2*defaultRedialMax {
			t.Errorf("pause after the next denial %v, want %v to twice that", pause, defaultRedialMax)
		}
		pass(time.Minute)
	})
}

// denying is an authenticator that refuses everybody.
func denying(status int) Option {
	return WithAuthenticator(AuthenticatorFunc(func(context.Context, Credentials) (Admission, error) {
		return Admission{}, &AuthError{Status: status, Text: "unknown in these parts"}
	}))
}

// TestDenialIsToldOnBothSides: each side has an event that says so, and counts
// it; a refusal for now is told to the side alone that decided it (WT-61).
func TestDenialIsToldOnBothSides(t *testing.T) {
	for status, told := range map[int]string{
		AuthDenied:    `peer refused the connection: "400": it does not know us, or does not want us`,
		AuthInternal:  `peer refused the connection: "500": its authenticator has failed`,
		AuthTemporary: "",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := closing(t, must(NewPull(denying(status))))
			client := closing(t, must(NewPush()))
			at, from := watch(t, server), watch(t, client)
			if err := client.Connect(must(server.Bind("tcp://127.0.0.1:0"))); err != nil {
				t.Fatal(err)
			}
			e := at.await("refused", kind(EventHandshakeFailed))
			auth := new(AuthError)
			if !errors.Is(e.Err, ErrAuth) || !errors.As(e.Err, &auth) || auth.Status != status || auth.Text != "unknown in these parts" {
				t.Errorf("the server says %v", e.Err)
			}
			if e.Remote == "" {
				t.Errorf("%v does not say whom", e)
			}
			e = from.await("refused", kind(EventHandshakeFailed))
			if told == "" {
				if errors.Is(e.Err, ErrAuth) {
					t.Errorf("the client says %v", e.Err)
				}
			} else if !errors.Is(e.Err, ErrAuth) || e.Err.Error() != told {
				t.Errorf("the client says %v, want %s", e.Err, told)
			}
			if st := server.Stats(); st.Denied == 0 || st.Refused != st.Denied {
				t.Errorf("the server counts %d refused, %d denied", st.Refused, st.Denied)
			}
			if st := client.Stats(); (st.Denied == 0) != (told == "") || st.Refused == 0 {
				t.Errorf("the client counts %d refused, %d denied", st.Refused, st.Denied)
			}
		})
	}
}
