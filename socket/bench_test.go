package socket_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

var benchSizes = []int{16, 100, 1 << 10, 64 << 10}

// A benchWay is how the sockets of a benchmark meet.
type benchWay struct {
	name, endpoint string
	security       socket.Option
}

func benchWays(inproc string) []benchWay {
	return []benchWay{
		{"tcp", "tcp://127.0.0.1:0", socket.Clear()},
		{"tcp+curve", "tcp://127.0.0.1:0", socket.Encrypted()},
		{"ipc", "ipc://*", socket.Clear()},
		{"ipc+curve", "ipc://*", socket.Encrypted()},
		{"inproc", "inproc://" + inproc, socket.Clear()},
	}
}

// BenchmarkPushPull is the throughput from one PUSH to one PULL in one process.
func BenchmarkPushPull(b *testing.B) {
	for _, way := range benchWays("bench-push-pull") {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%s/%dB", way.name, size), func(b *testing.B) {
				pull := newBench(socket.NewPull(way.security))(b)
				push := newBench(socket.NewPush(way.security))(b)
				benchConnect(b, push, pull, way.endpoint)
				body := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				b.ResetTimer()
				go func() {
					for range b.N {
						if err := push.Send(b.Context(), body); err != nil {
							b.Error(err)
							return
						}
					}
				}()
				benchReceive(b, pull, b.N)
			})
		}
	}
}

// BenchmarkProcesses is the same between two processes over TCP, which is what
// the project's targets are about. The rate is in the column msg/s.
func BenchmarkProcesses(b *testing.B) {
	for _, way := range benchWays("")[:2] {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%s/%dB", way.name, size), func(b *testing.B) { benchProcesses(b, way, size) })
		}
	}
}

func benchProcesses(b *testing.B, way benchWay, size int) {
	b.Helper()
	pull := newBench(socket.NewPull(way.security))(b)
	endpoint, err := pull.Bind(way.endpoint)
	if err != nil {
		b.Fatal(err)
	}
	sender := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestBenchSender$", "-test.count=1")
	sender.Env = append(os.Environ(), "BROKERLESS_BENCH_SENDER="+endpoint+","+strconv.Itoa(size)+","+strconv.Itoa(b.N+1)+","+way.name)
	sender.Stderr = os.Stderr
	if err := sender.Start(); err != nil {
		b.Fatal(err)
	}
	benchReceive(b, pull, 1) // from here on the sender is at work
	b.SetBytes(int64(size))
	b.ResetTimer()
	benchReceive(b, pull, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.StopTimer()
	if err := sender.Wait(); err != nil {
		b.Error(err)
	}
}

// TestBenchSender is the sending process of BenchmarkProcesses.
func TestBenchSender(t *testing.T) {
	job := os.Getenv("BROKERLESS_BENCH_SENDER")
	if job == "" {
		t.Skip("only runs as a process of BenchmarkProcesses")
	}
	parts := strings.Split(job, ",")
	size, _ := strconv.Atoi(parts[1])
	n, _ := strconv.Atoi(parts[2])
	security := socket.Clear()
	if strings.HasSuffix(parts[3], "+curve") {
		security = socket.Encrypted()
	}
	push := newBench(socket.NewPush(socket.WithLinger(-1), security))(t)
	if err := push.Connect(parts[0]); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, size)
	for range n {
		if err := push.Send(t.Context(), body); err != nil {
			t.Fatal(err)
		}
	}
	if err := push.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkRoundTrip is one request and its reply at a time.
func BenchmarkRoundTrip(b *testing.B) {
	for _, way := range benchWays("bench-round-trip") {
		b.Run(way.name, func(b *testing.B) {
			rep := newBench(socket.NewRep(way.security))(b)
			req := newBench(socket.NewReq(way.security))(b)
			benchConnect(b, req, rep, way.endpoint)
			go func() {
				for {
					m, err := rep.Recv(b.Context())
					if err != nil || rep.Send(b.Context(), m...) != nil {
						return
					}
				}
			}()
			body := make([]byte, 32)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := req.Request(b.Context(), body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPublish is one publisher to many subscribers over TCP; an operation
// is one message published and received by all of them.
func BenchmarkPublish(b *testing.B) {
	for _, way := range benchWays("")[:2] {
		for _, subscribers := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%s/%dsubscribers", way.name, subscribers), func(b *testing.B) { benchPublish(b, way, subscribers) })
		}
	}
}

func benchPublish(b *testing.B, way benchWay, subscribers int) {
	b.Helper()
	pub := newBench(socket.NewPub(socket.WithNoDrop(), way.security))(b)
	endpoint, err := pub.Bind(way.endpoint)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{}, subscribers)
	for range subscribers {
		sub := newBench(socket.NewSub(way.security))(b)
		if err := sub.Subscribe("topic"); err != nil {
			b.Fatal(err)
		}
		if err := sub.Connect(endpoint); err != nil {
			b.Fatal(err)
		}
		go func() {
			benchReceive(b, sub, b.N)
			done <- struct{}{}
		}()
	}
	if err := pub.WaitSubscribers(b.Context(), "topic", subscribers); err != nil {
		b.Fatal(err)
	}
	body := []byte("topic and what there is to say of it")
	b.ResetTimer()
	for range b.N {
		if err := pub.Send(b.Context(), body); err != nil {
			b.Fatal(err)
		}
	}
	for range subscribers {
		<-done
	}
	b.ReportMetric(float64(b.N*subscribers)/b.Elapsed().Seconds(), "deliveries/s")
}

type benchSocket interface {
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Close() error
}

// newBench returns a function that gives the socket, which is closed with the test.
func newBench[S interface{ Close() error }](s S, err error) func(testing.TB) S {
	return func(tb testing.TB) S {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { s.Close() })
		return s
	}
}

func benchConnect(b *testing.B, from, to benchSocket, endpoint string) {
	b.Helper()
	endpoint, err := to.Bind(endpoint)
	if err == nil {
		err = from.Connect(endpoint)
	}
	if err != nil {
		b.Fatal(err)
	}
}

func benchReceive(b *testing.B, from socket.Receiver, n int) {
	b.Helper()
	for range n {
		if _, err := from.Recv(b.Context()); err != nil {
			b.Error(err)
			return
		}
	}
}
