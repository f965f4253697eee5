package main

import (
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	handled := func(id string) Outcome { return Outcome{Order: id, Worker: "w", Tries: 1} }
	dead := func(id string) Outcome { return Outcome{Order: id, Dead: "gone"} }
	tests := []struct {
		name     string
		outcomes []Outcome
		want     string // in the verdict; none if there is nothing to say
	}{
		{"complete", []Outcome{handled("a/1"), dead("a/2"), dead("")}, ""},
		{"nothing", nil, "3 messages are missing"},
		{"missing", []Outcome{handled("a/1"), dead("")}, "1 messages are missing"},
		{"twice", []Outcome{handled("a/1"), handled("a/2"), handled("a/1"), dead("")}, "1 outcomes came again"},
		{"handled and dead", []Outcome{handled("a/1"), dead("a/1"), dead(""), dead("")}, "1 outcomes came again"},
		{"more than were sent", []Outcome{handled("a/1"), dead(""), dead(""), dead("")}, "-1 messages are missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tally := newTally(3)
			for _, o := range tt.outcomes {
				tally.add(o)
			}
			err := tally.verdict()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("verdict = %v, want %q in it", err, tt.want)
			}
		})
	}
}
