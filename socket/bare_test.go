package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestBareReader: what comes at once is one frame, of any size, and what
// interrupts, or ends, a connection passes.
func TestBareReader(t *testing.T) {
	for _, n := range []int{1, 2, 254, 255, 256, 500, 1000} {
		b := make([]byte, 1<<10)
		from := &readings{brings(filled(n, n))}
		got, err := bareReader{}.read(from, b)
		if err != nil || !bytes.Equal(b[:got], frame(0, filled(n, n))) {
			t.Errorf("%d octets: %.30q, %v", n, b[:got], err)
		}
	}
	for _, err := range []error{io.EOF, os.ErrDeadlineExceeded, nil} {
		if n, got := (bareReader{}).read(&readings{fails(err)}, make([]byte, 128)); n != 0 || !errors.Is(got, err) {
			t.Errorf("%d octets, %v, want %v", n, got, err)
		}
	}
	last := func(b []byte) (int, error) { return copy(b, "x"), io.EOF }
	if n, err := (bareReader{}).read(&readings{last}, make([]byte, 128)); n != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("octets with the end: %d, %v", n, err)
	}
}

// bareFrames returns frames as a queue gives them to a writer, and the octets
// that are to go out.
func bareFrames() (frames [][]byte, data []byte) {
	large, larger := frame(0, filled(1, 20<<10)), frame(0, filled(8, 200<<10))
	small := bytes.Repeat(frame(0, filled(7, 100)), 1000)
	frames = [][]byte{
		slices.Concat(frame(0, filled(2, 1)), frame(0, filled(3, 255)), large[:9]),
		large[9:],
		slices.Concat(frame(0, filled(4, 256)), frame(0, filled(6, 15<<10)), larger[:9]),
		larger[9:],
		small,
	}
	data = slices.Concat(filled(2, 1), filled(3, 255), filled(1, 20<<10), filled(4, 256), filled(6, 15<<10), filled(8, 200<<10),
		bytes.Repeat(filled(7, 100), 1000))
	return frames, data
}

// TestBareWriterCutAnywhere: whatever a connection takes before it breaks, the
// frames count of which it has all octets, and no more.
func TestBareWriterCutAnywhere(t *testing.T) {
	frames, data := bareFrames()
	total := len(bytes.Join(frames, nil))
	whole := &cutter{left: 1 << 30}
	if n, err := new(bareWriter).write(whole, slices.Clone(frames)); n != total || err != nil || !bytes.Equal(whole.taken, data) {
		t.Fatalf("%d octets of %d, %v", n, total, err)
	}
	ends, at := []int{0}, 0 // of frames, in octets of data
	plain := []int{0}
	for _, size := range append([]int{1, 255, 20 << 10, 256, 15 << 10, 200 << 10}, slices.Repeat([]int{100}, 1000)...) {
		at += size
		ends, plain = append(ends, at), append(plain, plain[len(plain)-1]+frameSize(size))
	}
	for i, end := range ends[:40] {
		for _, cut := range []int{end - 1, end, end + 1} {
			if cut < 0 {
				continue
			}
			conn := &cutter{left: cut}
			n, err := new(bareWriter).write(conn, slices.Clone(frames))
			want := plain[i]
			switch {
			case cut < end:
				want = plain[i-1]
			case i+1 < len(ends) && cut == ends[i+1]:
				want = plain[i+1]
			}
			if !errors.Is(err, errCut) || n != want || !bytes.Equal(conn.taken, data[:cut]) {
				t.Errorf("cut after %d: %v, counted %d octets, want %d", cut, err, n, want)
			}
		}
	}
}

// TestBareWriterGoesOn: what a sender could not write whole is gone on with
// behind the last octet that was taken.
func TestBareWriterGoesOn(t *testing.T) {
	begun := slices.Concat(frame(0, filled(1, 10)), frame(0, filled(2, 300)), frame(0, filled(3, 20)))
	data := slices.Concat(filled(1, 10), filled(2, 300), filled(3, 20), []byte("behind"))
	for taken := range 330 {
		o := &bareWriter{taken: taken}
		rest := &cutter{left: 1 << 20}
		all := [][]byte{begun, frame(0, []byte("behind"))}
		n, err := o.write(rest, all)
		if err != nil || n != len(begun)+8 || !bytes.Equal(rest.taken, data[taken:]) || o.taken != 0 {
			t.Fatalf("%d taken: %d octets, %v, wrote %.40q", taken, n, err, rest.taken)
		}
		o = &bareWriter{taken: taken}
		n, err = o.write(&cutter{left: 330 - taken}, all)
		if !errors.Is(err, errCut) || n != len(begun) {
			t.Fatalf("%d taken, and the connection broken behind: counted %d octets, %v", taken, n, err)
		}
	}
}

// A STREAM whose application does not receive takes its high-water mark of data
// and one read, and then nothing: the connection holds up the peer.
func TestStreamBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := closing(t, must(NewStream(WithRecvHWM(2), WithoutNotices())))
		r := piped(t, x)
		sent := 0
		go func() {
			for {
				n, err := r.Write(filled(sent, 100))
				sent += n
				if err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if in := x.Stats().In; sent != 300 || in.Queued != 2 {
			t.Errorf("%d octets came, %d messages are queued, want 300 and 2", sent, in.Queued)
		}
		for range 10 {
			m := must(x.Recv(t.Context()))
			if len(m) != 2 || len(m[1]) != 100 {
				t.Fatalf("received %v", m)
			}
		}
		synctest.Wait()
		if sent < 1200 || sent > 1400 {
			t.Errorf("%d octets came", sent)
		}
	})
}

// A peer that never reads holds up whoever sends to it, and nobody else; asked to
// be closed, it has the linger time.
func TestStreamPeerThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := closing(t, must(NewStream(WithSendHWM(3), WithLinger(5*time.Second))))
		silent := piped(t, x)
		id := must(x.Recv(t.Context()))[0]
		waiting := make(chan error)
		go func() {
			for {
				if err := x.Send(t.Context(), id, []byte("for nobody")); err != nil {
					waiting <- err
					return
				}
			}
		}()
		synctest.Wait()
		if err := x.TrySend(id, []byte("x")); !errors.Is(err, ErrWouldBlock) {
			t.Errorf("TrySend to the full queue: %v", err)
		}
		friend := piped(t, x)
		to := must(x.Recv(t.Context()))[0]
		if err := x.Send(t.Context(), to, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		friend.readPart(5)
		began := time.Now()
		if err := x.Send(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		if err := <-waiting; !errors.Is(err, ErrNoRoute) {
			t.Errorf("the wait for room ended with %v", err)
		}
		if m := must(x.Recv(t.Context())); !bytes.Equal(m[0], id) || len(m[1]) != 0 {
			t.Errorf("received %v, want the end of the silent peer", m)
		}
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("the end came after %v, want the linger time", d)
		}
		if _, err := silent.Read(make([]byte, 100)); !errors.Is(err, io.EOF) {
			t.Errorf("the silent peer: %v", err)
		}
		synctest.Wait()
		if out := x.Stats().Out; out.Dropped[DropClosed] != 3 {
			t.Errorf("dropped %v, want the 3 that were queued", out.Dropped)
		}
		friend.Close()
	})
}

// Close writes what is queued, for as long as the linger time, and counts the rest.
func TestStreamCloseLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, reads := range []bool{true, false} {
			x := must(NewStream(WithLinger(time.Second)))
			r := piped(t, x)
			id := must(x.Recv(t.Context()))[0]
			for range 3 {
				if err := x.Send(t.Context(), id, []byte("hello")); err != nil {
					t.Fatal(err)
				}
			}
			got := make(chan string)
			go func() {
				if !reads {
					pass(time.Minute)
				}
				b, _ := io.ReadAll(r)
				got <- string(b)
			}()
			err := x.Close()
			var unsent *UnsentError
			if text := <-got; reads && (err != nil || text != "hellohellohello") ||
				!reads && (!errors.As(err, &unsent) || unsent.Messages != 3 || text != "") {
				t.Errorf("reads %v: %v, the peer got %q", reads, err, text)
			}
		}
	})
}

// Peers that come, say something and go, again and again, leave no more than the
// limit, notices included: those that come after are not read from.
func TestStreamChurnIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, rounds = 256 << 10, 500
		x := closing(t, must(NewStream(WithMaxBuffered(limit))))
		for range rounds {
			r := piped(t, x)
			go func() {
				_, _ = r.Write([]byte("x"))
				r.Close()
			}()
			synctest.Wait()
		}
		in := x.Stats().In
		if in.Queued >= 3*rounds || in.Queued < 30 {
			t.Errorf("%d messages are left of %d peers", in.Queued, rounds)
		}
		seen := map[string]string{}
		for range 3 * rounds {
			m := must(x.Recv(t.Context()))
			seen[string(m[0])] += "[" + string(m[1]) + "]"
		}
		for id, all := range seen {
			if all != "[][x][]" {
				t.Errorf("%q: %s", id, all)
			}
		}
		if len(seen) != rounds {
			t.Errorf("%d peers were seen", len(seen))
		}
		synctest.Wait()
		balanced(t, "x", x.Stats())
	})
}

// A connection that is reset is one that has ended, and others are served.
func TestStreamReset(t *testing.T) {
	x := closing(t, must(NewStream()))
	endpoint := must(x.Bind("tcp://127.0.0.1:0"))
	friend := dialRaw(t, endpoint)
	to := must(x.Recv(bounded(t)))[0]
	for range 20 {
		hostile := dialRaw(t, endpoint)
		id := must(x.Recv(bounded(t)))[0]
		hostile.send([]byte("GET / HTTP/1.1\r\n"))
		if m := must(x.Recv(bounded(t))); string(m[1]) != "GET / HTTP/1.1\r\n" {
			t.Fatalf("received %v", m)
		}
		hostile.reset()
		if m := must(x.Recv(bounded(t))); !bytes.Equal(m[0], id) || len(m[1]) != 0 {
			t.Fatalf("received %v, want the end", m)
		}
		if err := x.Send(bounded(t), id, []byte("hello")); !errors.Is(err, ErrNoRoute) {
			t.Fatalf("sending to it: %v", err)
		}
	}
	if err := x.SendTo(bounded(t), PeerID(to), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	friend.readPart(5)
}

// Too many connections: the newcomer is closed, without an ERROR that would be
// octets to it, and the others are served.
func TestStreamTooManyConnections(t *testing.T) {
	x := closing(t, must(NewStream(WithMaxConnections(1))))
	w := watch(t, x)
	endpoint := must(x.Bind("tcp://127.0.0.1:0"))
	friend := dialRaw(t, endpoint)
	id := must(x.Recv(bounded(t)))[0]
	if b := dialRaw(t, endpoint).ended(); len(b) > 0 {
		t.Errorf("the newcomer was told %q", b)
	}
	if e := w.await("refusal", kind(EventHandshakeFailed)); !errors.Is(e.Err, ErrCrowded) {
		t.Errorf("reason %v", e.Err)
	}
	if err := x.Send(bounded(t), id, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	friend.readPart(5)
}

// A connection in process carries no octets, whoever makes it.
func TestStreamRefusesInProcess(t *testing.T) {
	x, pair := closing(t, must(NewStream())), closing(t, must(NewPair()))
	endpoint := must(pair.Bind(anywhere(t, "inproc")))
	w := watch(t, x)
	_, name, _ := strings.Cut(endpoint, "://")
	conn, err := inprocess.Dial(bounded(t), name)
	if err == nil {
		err = x.AttachConn(conn)
	}
	if err != nil {
		t.Fatal(err)
	}
	if e := w.await("refusal", kind(EventHandshakeFailed)); !errors.Is(e.Err, ErrProtocol) {
		t.Errorf("reason %v", e.Err)
	}
}

// TestStreamAllocations: data costs nothing on either way.
func TestStreamAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	x := closing(t, must(NewStream()))
	conn := must(net.Dial("tcp", strings.TrimPrefix(must(x.Bind("tcp://127.0.0.1:0")), "tcp://")))
	defer conn.Close()
	var m Message
	if err := x.RecvInto(t.Context(), &m); err != nil {
		t.Fatal(err)
	}
	id, data, got := bytes.Clone(m[0]), make([]byte, 100), make([]byte, 100)
	round := func() {
		if err := x.Send(t.Context(), id, data); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, got); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(got); err != nil {
			t.Fatal(err)
		}
		if err := x.RecvInto(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		round()
	}
	if n := testing.AllocsPerRun(500, round); n >= 1 {
		t.Errorf("%v allocations a round", n)
	}
}
