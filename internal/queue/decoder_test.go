package queue_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// However a stream is split into reads, and however little room the queue has,
// the same messages, commands and errors come out.
func TestDecoderSplits(t *testing.T) {
	marks := []queue.Marks{{}, {Messages: 1}, {Messages: 5}, {Bytes: 1}, {Bytes: 20_000}, {Messages: 1000, Bytes: 100_000}}
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 3))
		stream := anyStream(r, 1+r.IntN(120))
		if seed%4 == 0 {
			stream = append(stream, 0xFF) // a broken frame at the end
		}
		for i, split := range []func(int) int{
			whole,
			func(int) int { return 1 },
			func(int) int { return 1 + r.IntN(20) },
			func(space int) int { return 1 + r.IntN(space) },
			func(space int) int { return space - r.IntN(min(space, 3)) },
			func(space int) int { return max(1, space-1<<r.IntN(17)) },
		} {
			if i == 1 && len(stream) > 40_000 { // octet by octet takes its time
				continue
			}
			for _, inspect := range []bool{false, true} {
				want := parse(stream, queue.Limits{}, inspect)
				mk := marks[r.IntN(len(marks))]
				got := feed{
					inspect: inspect, marks: mk, split: split,
					reads: func() int { return 1 + r.IntN(8) },
					later: func() bool { return seed%2 == 1 && r.IntN(4) > 0 },
				}.run(t, stream)
				if !got.equal(want) {
					t.Fatalf("seed %d, split %d, %+v, inspect %t:\n got %s\nwant %s", seed, i, mk, inspect, got, want)
				}
			}
		}
	}
}

// A message that Inspect drops leaves nothing behind, whatever its size, and
// whether it comes alone, in front of others or in one read with them.
func TestDecoderInspectDrops(t *testing.T) {
	for _, n := range sizes {
		if n == 0 {
			continue
		}
		drop := body(1, n)
		drop[0] = 'D'
		for _, m := range []message{{drop}, {drop, body(2, n)}, {{'D'}, drop}, {drop, {}, body(3, 20)}} {
			ms := []message{bodies(4, 10), m, bodies(5, 20_000), m, m, bodies(6, 30), m}
			keep := []message{ms[0], ms[2], ms[5]}
			for _, split := range []func(int) int{whole, func(int) int { return 100 }, func(space int) int { return space/2 + 1 }} {
				for i, f := range keep {
					f[0][0] = byte('k' + i)
				}
				got := feed{inspect: true, split: split}.run(t, wires(ms))
				if got.err != nil {
					t.Fatalf("%s: %v", show(m), got.err)
				}
				mustEqual(t, got.messages, keep)
			}
		}
	}
}

func TestDecoderInspectFails(t *testing.T) {
	for _, n := range []int{1, 300, 20_000, 100_000} {
		bad := body(1, n)
		bad[0] = 'X'
		good := message{[]byte("good")}
		got := feed{inspect: true, split: whole}.run(t, wires([]message{good, {bad}, good}))
		if !errors.Is(got.err, errHandler) {
			t.Errorf("%d octets: error %v", n, got.err)
		}
		mustEqual(t, got.messages, []message{good})
	}
}

// Each limit: exactly at it, one over it, lifted.
func TestDecoderLimits(t *testing.T) {
	frames := func(n int) []byte { return wire(make(message, n)) }
	command := func(n int) []byte { return zmtp.AppendFrame(nil, zmtp.FlagCommand, make([]byte, n)) }
	for _, n := range []int{1, 255, 256, 20_000, 100_000} {
		tests := []struct {
			name   string
			limits queue.Limits
			at     []byte
			over   []byte
		}{
			{"message", queue.Limits{Message: int64(n)}, wire(bodies(1, n)), wire(bodies(1, n+1))},
			{"message of two frames", queue.Limits{Message: int64(n)}, wire(bodies(1, n-1, 1)), wire(bodies(1, n, 1))},
			{"message of frames", queue.Limits{Message: int64(n)}, wire(bodies(1, 0, n, 0)), wire(bodies(1, 0, 1, n))},
			{"frames", queue.Limits{Frames: min(n, 5000)}, frames(min(n, 5000)), frames(min(n, 5000) + 1)},
			{"command", queue.Limits{Command: n}, command(n), command(n + 1)},
		}
		for _, tt := range tests {
			for i, split := range []func(int) int{whole, func(int) int { return 100 }} {
				t.Run(fmt.Sprintf("%s, %d, split %d", tt.name, n, i), func(t *testing.T) {
					before := wire(message{{'b'}})
					feed := feed{limits: tt.limits, split: split}
					for range 2 { // what counts for one message does not for the next
						before = append(before, tt.at...)
					}
					at := feed.run(t, before)
					if at.err != nil || !at.equal(parse(before, queue.Limits{}, false)) {
						t.Errorf("at the limit: %s", at)
					}
					over := feed.run(t, append(before, tt.over...))
					if !errors.Is(over.err, queue.ErrTooLarge) {
						t.Errorf("over the limit: error %v", over.err)
					}
					mustEqual(t, over.messages, at.messages)
					feed.limits = queue.Limits{}
					if lifted := feed.run(t, append(before, tt.over...)); lifted.err != nil {
						t.Errorf("without a limit: %v", lifted.err)
					}
				})
			}
		}
	}
}

// A limit is held as soon as a header shows that it will be broken, and sizes
// near the end of what 63 bits hold do not get around it.
func TestDecoderLimitsByHeader(t *testing.T) {
	header := func(flags byte, size uint64) []byte {
		return binary.BigEndian.AppendUint64([]byte{flags | zmtp.FlagLong}, size)
	}
	tests := []struct {
		name   string
		stream []byte
	}{
		{"message", header(0, 1001)},
		{"largest size", header(0, math.MaxInt64)},
		{"second frame", append(wire(message{body(1, 1000), {}})[:1009], header(0, 1)...)},
		{"second frame of the largest size", append(wire(message{{1}, {}})[:3], header(0, math.MaxInt64)...)},
		{"command", header(zmtp.FlagCommand, 501)},
		{"command of the largest size", header(zmtp.FlagCommand, math.MaxInt64)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := feed{limits: queue.Limits{Message: 1000, Command: 500}, split: whole}.run(t, tt.stream)
			if !errors.Is(got.err, queue.ErrTooLarge) || len(got.messages) > 0 || strings.Contains(fmt.Sprint(got.err), "-") {
				t.Errorf("outcome %s", got)
			}
		})
	}
}

// WT-29: the memory held never exceeds a fixed part and a small multiple of
// what has arrived, whatever a peer announces.
func TestDecoderMemory(t *testing.T) {
	const fixed = 64 << 10
	huge := binary.BigEndian.AppendUint64([]byte{zmtp.FlagLong}, 1<<50)
	tests := []struct {
		name   string
		stream []byte
	}{
		{"header alone", huge},
		{"huge body", append(huge, make([]byte, 3<<20)...)},
		{"huge body after a large one", append(wire(bodies(1, 20_000)), huge...)},
		{"huge body after a larger one", append(wire(bodies(1, 200_000)), huge...)},
		{"huge command", append([]byte{zmtp.FlagLong | zmtp.FlagCommand}, append(huge[1:len(huge):len(huge)], make([]byte, 1<<20)...)...)},
		{"empty frames", []byte(strings.Repeat("\x01\x00", 500_000))},
		{"small frames", []byte(strings.Repeat(string(zmtp.AppendFrame(nil, zmtp.FlagMore, body(1, 1000))), 1000))},
		{"large frames", []byte(strings.Repeat(string(zmtp.AppendFrame(nil, zmtp.FlagMore, body(1, 20_000))), 100))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, split := range []func(int) int{whole, func(int) int { return 999 }} {
				stop := len(tt.stream)
				d := queue.NewDecoder(queue.Limits{}, &handler{}, false)
				for fed := 0; fed < stop; {
					s := d.Space()
					if cap(s) > fixed+2*fed+1024 {
						t.Fatalf("space for %d octets after %d", cap(s), fed)
					}
					n := copy(s[:min(len(s), split(len(s)))], tt.stream[fed:])
					fed += n
					if err := d.Scan(n); err != nil {
						t.Fatal(err)
					}
				}
				if got, want := d.Undelivered(), len(parse(tt.stream, queue.Limits{}, false).messages); got != want {
					t.Errorf("%d messages are whole, want %d", got, want)
				}
				if s := d.Space(); cap(s) > fixed+2*stop+1024 {
					t.Errorf("space for %d octets after %d", cap(s), stop)
				}
				d.Free()
			}
		})
	}
}

// A large body is read straight into the memory that the application gets.
func TestDecoderReceivesLargeBodiesInPlace(t *testing.T) {
	for _, n := range []int{3 << 10, queue.LargeBody, 64 << 10, 300_000} {
		d := queue.NewDecoder(queue.Limits{}, &handler{}, false)
		q := unbounded()
		r := queue.NewReader(q)
		var arena queue.Arena
		for try := range 3 {
			want := bodies(try, n)
			stream := wire(want)
			var space []byte
			for fed := 0; fed < len(stream); {
				space = d.Space()
				k := copy(space, stream[fed:min(len(stream), fed+5000)])
				space = space[:k]
				fed += k
				if err := d.Scan(k); err != nil {
					t.Fatal(err)
				}
			}
			q.Lock()
			d.Deliver(q)
			q.Unlock()
			got := arena.Message(r.Next(), nil, 0)
			r.Done()
			mustEqual(t, []message{got}, []message{want})
			if same := &space[len(space)-1] == &got[0][n-1]; same != (n >= queue.LargeBody) {
				t.Errorf("%d octets: read in place is %t", n, same)
			}
		}
		d.Free()
	}
}

// Discard forgets what is whole, and keeps what is not, also when part of it
// has been delivered already.
func TestDecoderDiscard(t *testing.T) {
	for _, n := range []int{10, 300, 17_000, 40_000} {
		for _, room := range []int{1, 2, 5} {
			ms := []message{bodies(1, 5), bodies(2, n, n), bodies(3, 7), bodies(4, n), bodies(5, 20, n), bodies(6, n)}
			stream := wires(ms[:4])
			part := wire(ms[4])
			stream = append(stream, part[:len(part)*2/3]...)
			d := queue.NewDecoder(queue.Limits{}, &handler{}, false)
			q := unbounded()
			q.SetMarks(queue.Marks{Messages: room})
			put := func(b []byte) {
				for len(b) > 0 {
					k := copy(d.Space(), b)
					b = b[k:]
					if err := d.Scan(k); err != nil {
						t.Fatal(err)
					}
				}
			}
			put(stream)
			q.Lock()
			all, _ := d.Deliver(q)
			q.Unlock()
			if got, want := d.Undelivered(), max(0, 4-room); got != want || all != (want == 0) {
				t.Fatalf("%d octets, room for %d: %d left, want %d", n, room, got, want)
			}
			if got := d.Discard(); got != max(0, 4-room) {
				t.Fatalf("discarded %d, want %d", got, max(0, 4-room))
			}
			if d.Undelivered() != 0 || d.Discard() != 0 {
				t.Fatal("something left to discard")
			}
			put(part[len(part)*2/3:])
			put(wire(ms[5]))
			q.Lock()
			q.SetMarks(queue.Marks{})
			d.Deliver(q)
			q.Unlock()
			mustEqual(t, readAll(queue.NewReader(q)), append(ms[:min(room, 4):min(room, 4)], ms[4], ms[5]))
			d.Free()
		}
	}
}

// Deliver may come at any time: while the large bodies of an unfinished message
// are there already, and others are behind or before them in the queue.
func TestDeliverBesideUnfinished(t *testing.T) {
	ms := []message{
		bodies(1, 10), bodies(2, 20_000, 30_000, 5), bodies(3, 3), bodies(4, 3, 17_000), bodies(5, 1, 40_000, 17_000),
		bodies(6, 5), bodies(7, 50_000), bodies(8, 20_000, 20_000, 20_000, 20_000), bodies(9, 1),
	}
	for period := range 12 {
		for start := range period + 1 {
			for _, marks := range []queue.Marks{{}, {Messages: 2}} {
				scans := start
				got := feed{
					split: whole, marks: marks, reads: func() int { return 1 },
					later: func() bool { scans++; return scans%(period+1) != 0 },
				}.run(t, wires(ms))
				if got.err != nil {
					t.Fatal(got.err)
				}
				mustEqual(t, got.messages, ms)
			}
		}
	}
}

// A conflating queue gets the newest message only.
func TestDeliverConflates(t *testing.T) {
	q := queue.New(unbounded().Mutex, queue.Marks{Messages: 1}, true, nil)
	d := queue.NewDecoder(queue.Limits{}, &handler{}, false)
	var ms []message
	for i := range 50 {
		ms = append(ms, bodies(i, 100+i, 17_000))
	}
	stream := wires(ms)
	for len(stream) > 0 {
		n := copy(d.Space(), stream)
		stream = stream[n:]
		if err := d.Scan(n); err != nil {
			t.Fatal(err)
		}
		q.Lock()
		all, _ := d.Deliver(q)
		q.Unlock()
		if !all {
			t.Fatal("a conflating queue is full")
		}
	}
	d.Free()
	mustEqual(t, readAll(queue.NewReader(q)), ms[49:])
	if got, want := depth(q), (queue.Depth{Total: 50, Left: 1, Conflated: 49}); got != want {
		t.Errorf("depth %+v, want %+v", got, want)
	}
}
