package main

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

func result(worker string, number uint64) socket.Message {
	item := binary.BigEndian.AppendUint64(nil, number)
	return socket.Message{[]byte(worker), item, solve(item)}
}

func TestVerdict(t *testing.T) {
	wrong := result("a", 1)
	for solved(append(append([]byte(nil), wrong[1]...), wrong[2]...)) {
		wrong[2][7]++
	}
	tests := []struct {
		name    string
		results []socket.Message
		want    []string // in the verdict; none if there is nothing to say
	}{
		{"complete", []socket.Message{result("a", 2), result("b", 0), result("a", 1)}, nil},
		{"missing", []socket.Message{result("a", 0), result("b", 2)}, []string{"1 of 3 items are missing, the first is number 1"}},
		{"nothing", nil, []string{"3 of 3 items are missing, the first is number 0"}},
		{
			"twice",
			[]socket.Message{result("a", 0), result("a", 1), result("b", 1), result("a", 2)},
			[]string{"1 results came again, the first for item number 1"},
		},
		{"wrong answer", []socket.Message{result("a", 0), wrong, result("a", 2)}, []string{"1 of 3", "1 results are wrong"}},
		{
			"foreign",
			[]socket.Message{result("a", 0), result("a", 1), result("a", 2), result("a", 3), {[]byte("hello")}},
			[]string{"2 results are wrong"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tally := newTally(3)
			for _, m := range tt.results {
				tally.add(m)
			}
			err := tally.verdict()
			if len(tt.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("verdict = %v, want %q in it", err, want)
				}
			}
		})
	}
}
