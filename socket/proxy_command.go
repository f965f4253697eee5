package socket

import (
	"context"
	"encoding/binary"
)

// obey does what the control socket is told, until ctx is done or the socket
// fails.
func (p *proxy) obey(ctx context.Context) {
	in := p.control.(Receiver)
	out := newOutlet(p.control)
	_, rep := p.control.(*Rep)
	for {
		m, err := in.Recv(ctx)
		if err != nil {
			return
		}
		var answer Message
		if len(m) > 0 {
			answer = p.command(string(m[len(m)-1]))
		}
		if rep && answer == nil {
			answer = Message{nil}
		}
		if answer == nil || out == nil {
			continue
		}
		answer = append(m[:len(m)-1:len(m)-1], answer...)
		if out.try != nil { // one that does not wait for its answer is not waited for
			err = out.try.TrySend(answer...)
		} else {
			err = out.Send(ctx, answer...)
		}
		if isClosed(err) {
			return
		}
	}
}

// command does one command, and returns its answer if it has one.
func (p *proxy) command(name string) Message {
	switch name {
	case "PAUSE":
		p.steering.Pause()
	case "RESUME":
		p.steering.Resume()
	case "TERMINATE":
		p.steering.Terminate()
	case "STATISTICS":
		return p.steering.Statistics().frames()
	}
	return nil
}

// frames returns the figures as libzmq does.
func (st ProxyStats) frames() Message {
	var m Message
	for _, f := range []ProxyFlow{st.Front, st.Back} {
		for _, n := range []uint64{f.Received, f.ReceivedBytes, f.Sent, f.SentBytes} {
			m = append(m, binary.NativeEndian.AppendUint64(nil, n))
		}
	}
	return m
}
