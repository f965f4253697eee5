package socket

import (
	"testing"
	"testing/synctest"
	"time"
)

// A heartbeat that comes so late that the process must have stood still gives
// the peer once more the time to be heard; one that is on time does not.
func TestHeartbeatAfterAStandstill(t *testing.T) {
	const interval, expiry = 2 * time.Second, 8 * time.Second
	for _, test := range []struct {
		name  string
		late  time.Duration // how late the heartbeat after some silence is
		heard bool          // octets come after that
		late2 time.Duration // how late the one is that would give the peer up then
		want  [2]bool       // whether the peer is given up by the one and by the other
	}{
		{name: "on time", late: 0, want: [2]bool{true, true}},
		{name: "hardly late", late: time.Second, want: [2]bool{true, true}},
		{name: "late", late: 7 * time.Second, want: [2]bool{false, true}},
		{name: "late twice", late: 7 * time.Second, late2: 7 * time.Second, want: [2]bool{false, true}},
		{name: "late, heard, late", late: 7 * time.Second, heard: true, late2: 7 * time.Second, want: [2]bool{false, false}},
		{name: "late, heard, on time", late: 7 * time.Second, heard: true, want: [2]bool{false, true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := &session{born: time.Now().Add(-time.Hour)}
				b := &heartbeat{x: x, interval: interval, expiry: expiry}
				x.hear()
				silent := func(late time.Duration) bool {
					<-time.After(expiry)
					now := time.Now()
					b.alarm = now.Add(-late)
					b.spare(now)
					return x.silence() >= b.limit()
				}
				gone := [2]bool{silent(test.late)}
				<-time.After(time.Second)
				if test.heard {
					x.hear()
				}
				gone[1] = silent(test.late2)
				if gone != test.want {
					t.Errorf("given up: %v, want %v", gone, test.want)
				}
			})
		})
	}
}
