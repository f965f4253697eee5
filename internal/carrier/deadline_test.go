package carrier

import (
	"testing"
	"testing/synctest"
	"time"
)

func passed(d *Deadline) bool {
	select {
	case <-d.Past():
		return true
	default:
		return false
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d Deadline
		if passed(&d) || !d.At().IsZero() {
			t.Error("a zero deadline has passed")
		}
		waiting := d.Past()
		d.Set(time.Unix(1, 0))
		if !passed(&d) {
			t.Error("one in the past has not passed")
		}
		<-waiting
		d.Set(time.Now().Add(time.Minute))
		if passed(&d) {
			t.Error("one to come has passed")
		}
		d.Set(time.Now().Add(time.Hour)) // the minute counts no more
		begun := time.Now()
		<-d.Past()
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("passed after %v, want an hour", took)
		}
		d.Set(time.Time{})
		if passed(&d) {
			t.Error("one that was lifted has passed")
		}
		d.Set(time.Now().Add(time.Hour))
		d.Stop()
	})
}
