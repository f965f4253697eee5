//go:build unix

package socket

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

// TestSealerBegins: what a connection takes at once is counted in whole frames,
// and write goes on behind the last octet of it, with more frames.
func TestSealerBegins(t *testing.T) {
	parts := 0
	for size := 0; size < 9000; size += 450 {
		client, server := cipherPair(t)
		near, far := narrow(t)
		o := &sealer{cipher: client}
		begun := slices.Concat(frame(more, filled(1, 50)), frame(more, nil), frame(0, filled(2, size)), frame(0, filled(3, 300)))
		n := o.begin(newWriteAttempt(rawConn(near)), begun)
		if n < len(begun) {
			parts++
		}
		received := make(chan []byte)
		go func() {
			all, _ := io.ReadAll(far)
			received <- all
		}()
		behind := [][]byte{begun, frame(0, filled(4, 20))}
		if n < len(begun) {
			sent := o.sent
			taken := bytes.Clone(o.out.buf[:sent])
			total, err := o.write(near, behind)
			if want := len(begun) + len(behind[1]); total != want || err != nil {
				t.Fatalf("%d octets of %d, %v", total, want, err)
			}
			near.Close()
			sealed := <-received
			if !bytes.HasPrefix(sealed, taken) {
				t.Fatal("what was begun is not what went out")
			}
			whole := 0 // of the frames that were taken at once
			for _, f := range []int{2 + 50, 2, frameSize(size), frameSize(300)} {
				if sent -= o.sealedSize(make([]byte, f-headerOf(f))); sent < 0 {
					break
				}
				whole += f
			}
			if n != whole {
				t.Errorf("%d octets of frames were taken at once, and %d counted", whole, n)
			}
			if got := opened(t, server, sealed); !bytes.Equal(got, bytes.Join(behind, nil)) {
				t.Error("the frames changed on their way")
			}
			continue
		}
		near.Close()
		if got := opened(t, server, <-received); !bytes.Equal(got, begun) || o.out != nil {
			t.Error("the frames changed on their way")
		}
	}
	if parts == 0 {
		t.Error("nothing was taken in parts")
	}
}

// headerOf returns the octets of the header of a frame of size octets in all.
func headerOf(size int) int {
	if size > 257 {
		return 9
	}
	return 2
}
