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
