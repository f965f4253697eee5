package zre

import "testing"

// TestMessageLimit has a peer send the largest message that there may be, one
// octet more, and that with the limit lifted. What is too large ends its
// connection; a good peer is served on.
func TestMessageLimit(t *testing.T) {
	const limit = 100_000
	content := make([]byte, limit-headSize)
	for name, c := range map[string]struct {
		limit int64
		more  int
		taken bool
	}{
		"at it":    {limit, 0, true},
		"one over": {limit, 1, false},
		"lifted":   {limit + 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, good := newStranger(t), newStranger(t)
			n := node(t, nil, WithMaxMessage(c.limit))
			s.enter(n)
			good.enter(n)
			s.say(message{kind: kindWhisper, sequence: 2}, content, make([]byte, c.more))
			if c.taken {
				if e := next(t, n, Whispered, s.id); e.Frames.Size() != limit-headSize+c.more {
					t.Errorf("%d octets", e.Frames.Size())
				}
			}
			good.alive(n, 2)
		})
	}
}

// TestNoise has somebody who is no node of ZRE talk to the inbox and to the port
// of the beacons.
func TestNoise(t *testing.T) {
	good, noise := newStranger(t), newStranger(t)
	n := node(t, []*stranger{good})
	good.enter(n)
	noise.id[0]++
	noise.dial(n)
	for _, g := range golden {
		frame := octets(t, g.hex)
		for k := range frame {
			noise.raw(frame[:k])
			noise.beacon(n, frame[:k])
		}
		for k := range frame {
			if g.m.kind == kindHello {
				break // it may be a good one even so
			}
			frame[k] ^= 0xFF
			noise.raw(frame)
			frame[k] ^= 0xFF
		}
	}
	noise.say(noise.greeting()) // whoever talks sense at last is let in
	next(t, n, Entered, noise.id)
	good.alive(n, 2)
	if st := n.Stats(); st.Peers != 2 || st.Bad == 0 || st.Early == 0 || st.BeaconsBad == 0 {
		t.Errorf("%+v", st)
	}
}
