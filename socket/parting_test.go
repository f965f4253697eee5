package socket_test

import (
	"context"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A peer that sends and closes in good order has been told that nothing was
// abandoned. So nothing may be lost, however long the application takes to
// receive: here until our heartbeats have found out that the peer is gone,
// while most of its messages wait beyond the receive high-water mark.
func TestSlowReceiverLosesNothingOfAPeerThatClosed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const messages = 5000

	pull := must(socket.NewPull(socket.WithRecvHWM(10), socket.WithHeartbeat(5*time.Millisecond, time.Minute)))
	defer pull.Close()
	events := pull.Monitor()
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))

	push := must(socket.NewPush())
	check(push.Connect(endpoint))
	for i := range messages {
		if err := push.Send(ctx, []byte{byte(i >> 8), byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := push.Close(); err != nil {
		t.Fatalf("Close = %v", err)
	}

	for {
		e, err := events.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for the connection to end: %v", err)
		}
		if e.Kind == socket.EventDisconnected {
			t.Log(e)
			break
		}
	}
	for i := range messages {
		m, err := pull.TryRecv()
		if err != nil {
			t.Fatalf("message %d of %d: %v", i, messages, err)
		}
		if got := int(m[0][0])<<8 | int(m[0][1]); got != i {
			t.Fatalf("message %d came in place of %d", got, i)
		}
	}
}

// Nor may anything be lost that the sender's system still holds when it
// closes: a PING to a connection that is closed already would make it forget.
func TestCloseWaitsUntilASlowPeerHasItAll(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const messages = 3000

	pull := must(socket.NewPull(socket.WithRecvHWM(1), socket.WithHeartbeat(20*time.Millisecond, time.Minute)))
	defer pull.Close()
	endpoint := must(pull.Bind("tcp://127.0.0.1:0"))
	push := must(socket.NewPush(socket.WithSendHWM(0), socket.WithLinger(-1)))
	check(push.Connect(endpoint))
	body := make([]byte, 1000)
	for range messages {
		check(push.Send(ctx, body))
	}
	closed := make(chan error, 1)
	go func() { closed <- push.Close() }()

	slow := time.NewTicker(time.Millisecond)
	defer slow.Stop()
	for i := range messages {
		if i < messages/10 { // for longer than a parting peer has
			<-slow.C
		}
		if _, err := pull.Recv(ctx); err != nil {
			t.Fatalf("message %d of %d: %v", i, messages, err)
		}
	}
	if err := <-closed; err != nil {
		t.Errorf("Close = %v", err)
	}
}
