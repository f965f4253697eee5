package auth

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/internal/zmtp"
)

const someKey = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

// A list has the keys that its text has, and no other ones.
func FuzzKeyFile(f *testing.F) {
	f.Add([]byte(someKey + " ann\r\n# x\n\n" + strings.Repeat("1", 40) + " # y"))
	f.Add([]byte(someKey[:20]))
	f.Add([]byte("#" + someKey))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseKeys([]file{{text: b}})
		if err != nil {
			return
		}
		for k, user := range list {
			if !bytes.Contains(b, []byte(text(k))) || !bytes.Contains(b, []byte(user)) {
				t.Fatalf("%q has %s %q", b, text(k), user)
			}
		}
		if n := bytes.Count(b, []byte("\n")) + 1; len(list) > n {
			t.Fatalf("%d keys in %d lines", len(list), n)
		}
	})
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte("#x\ncurve\n    public-key = \"" + someKey + "\"\n"))
	f.Add([]byte("curve\n public-key"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := parseCertificate(b); err == nil && !bytes.Contains(b, []byte(text(k))) {
			t.Fatalf("%q has %s", b, text(k))
		}
	})
}

// A hash that is taken is one that can be checked at a bounded cost, and is
// written as it was read.
func FuzzPasswordFile(f *testing.F) {
	f.Add([]byte("ann:$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
	f.Add([]byte("bob:$2b$04$......................zXCBb9IKgtBxnW0yNZGYkRXC3LyTNJy"))
	f.Add([]byte("bob:$2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := parsePasswords([]file{{text: b}})
		if err != nil {
			return
		}
		for user, h := range table.hashes {
			if h.bcrypt != nil {
				continue
			}
			if h.memory > maxMemory || h.time < 1 || h.time > maxTime || h.lanes < 1 || h.lanes > maxLanes {
				t.Fatalf("%q: costs %d %d %d", user, h.memory, h.time, h.lanes)
			}
			again, err := parseHash(h.String())
			if err != nil || again.String() != h.String() {
				t.Fatalf("%q: %v, %v", h, again, err)
			}
		}
	})
}

// split makes frames of octets: each byte 0xFF ends one.
func split(b []byte) [][]byte { return bytes.Split(b, []byte{0xFF}) }

func join(m [][]byte) []byte { return bytes.Join(m, []byte{0xFF}) }

// A reply is refused for a reason of its own, or means what its frames say.
func FuzzZAPReply(f *testing.F) {
	for _, c := range malformedReplies {
		f.Add(join(c.frames))
	}
	f.Add(join(append([][]byte{nil}, zapReply{id: "1", status: 200, text: "OK", user: "ann"}.frames()...)))
	f.Add(join(append([][]byte{nil}, zapReply{
		id: "1", status: 200, metadata: zmtp.Metadata{{Name: "X", Value: []byte("y")}},
	}.frames()...)))
	f.Add(join(append([][]byte{nil}, zapReply{id: "7", status: 300, text: "later"}.frames()...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := split(b)
		r, err := parseZAPReply(m)
		if err != nil {
			for _, reason := range []error{errZAPFrames, errZAPVersion, errZAPRequestID, errZAPStatus, errZAPMetadata} {
				if errors.Is(err, reason) {
					return
				}
			}
			t.Fatalf("%q: %v is none of the reasons", m, err)
		}
		if _, err := r.verdict(); (err == nil) != (string(m[3]) == "200") {
			t.Fatalf("%q: verdict %v", m, err)
		}
		if again := append([][]byte{nil}, r.frames()...); !slices.EqualFunc(again, m, bytes.Equal) {
			t.Fatalf("%q is %+v, which is %q", m, r, again)
		}
	})
}

func FuzzZAPRequest(f *testing.F) {
	f.Add(join([][]byte{[]byte("1.0"), []byte("1"), nil, []byte("::1"), nil, []byte("NULL")}))
	f.Add(join([][]byte{[]byte("1.0"), []byte("1"), nil, []byte("::1"), nil, []byte("PLAIN"), []byte("ann"), nil}))
	f.Add(join([][]byte{[]byte("1.0"), []byte("1"), []byte("d"), nil, []byte("id"), []byte("CURVE"), make([]byte, 32)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := split(b)
		r, err := parseZAPRequest(m)
		if err != nil {
			return
		}
		shown, err := zapCredentials(r.credentials)
		if err != nil {
			t.Fatal(err)
		}
		again := zapRequest{id: r.id, credentials: r.credentials, shown: shown}.frames()[1:]
		if !slices.EqualFunc(again, m, bytes.Equal) {
			t.Fatalf("%q is %+v, which is %q", m, r, again)
		}
	})
}
