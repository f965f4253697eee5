package ws

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/transport"
)

// The control frames that are written here, so that all that goes out is in one order (RFC 6455 section 5.5).
const (
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	fin    = 0x80
	masked = 0x80
)

// closeNormal is the payload of the Close frame of who has said all.
var closeNormal = binary.BigEndian.AppendUint16(nil, 1000)

// control writes a control frame, whose payload has at most 125 octets. The caller holds the lock of the outbox.
func (c *conn) control(opcode byte, payload []byte) error {
	b := []byte{fin | opcode, byte(len(payload))}
	if c.client {
		b[1] |= masked
		var key [4]byte
		if _, err := rand.Read(key[:]); err != nil {
			return err
		}
		b = append(b, key[:]...)
		for i, c := range payload {
			b = append(b, c^key[i%len(key)])
		}
	} else {
		b = append(b, payload...)
	}
	on := c.ch.on
	on.Cork()
	_, err := on.Write(b)
	took, failed := on.Flush()
	c.out.account(took) // frames may have been kept before
	return errors.Join(err, failed)
}

// errSilent is why a connection ends whose peer gives no sign of life.
var errSilent = errors.New("no sign of life from the peer")

// hear notes a sign of life.
func (c *conn) hear() { c.heard.Store(int64(time.Since(c.began))) }

func (c *conn) silence() time.Duration { return time.Since(c.began) - time.Duration(c.heard.Load()) }

// onPing has a PING answered. Of several the last one is enough (RFC 6455 section 5.5.3).
func (c *conn) onPing(payload []byte) {
	c.hear()
	owed := append([]byte(nil), payload...)
	for {
		select {
		case c.pong <- owed:
			return
		default:
		}
		select {
		case <-c.pong:
		default:
		}
	}
}

// keep answers PINGs, and sends its own when it was told how often (WS-10), until stop is closed. It gives up a peer that is
// silent; not one that we do not listen to, or that does not listen to us: that is for other limits.
func (c *conn) keep(stop <-chan struct{}) {
	var terms transport.Terms
	var due <-chan time.Time
	var timer *time.Timer
	var next time.Time
	for {
		select {
		case <-stop:
			if timer != nil {
				timer.Stop()
			}
			return
		case payload := <-c.pong:
			c.out.mu.Lock()
			_ = c.control(opPong, payload) // the next read or write tells
			c.out.mu.Unlock()
			continue
		case terms = <-c.terms:
			if terms.Heartbeat <= 0 {
				continue
			}
			c.hear()
			next = time.Now().Add(terms.Heartbeat)
			timer = time.NewTimer(terms.Heartbeat)
			due = timer.C
			continue
		case <-due:
		}
		late := time.Since(next) > terms.HeartbeatTimeout/8 // this process stood still
		if late || c.crammed.Load() {
			c.hear()
		}
		if c.out.mu.TryLock() {
			_ = c.control(opPing, nil) // as above
			c.out.mu.Unlock()
		} else {
			c.hear()
		}
		silence := c.silence()
		if silence >= terms.HeartbeatTimeout {
			c.fail(fmt.Errorf("%w for %v", errSilent, silence.Round(time.Millisecond)))
			_ = c.ch.on.Close()
			due = nil
			continue
		}
		wait := min(terms.Heartbeat, terms.HeartbeatTimeout-silence)
		next = time.Now().Add(wait)
		timer.Reset(wait)
	}
}
