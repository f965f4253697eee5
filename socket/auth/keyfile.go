package auth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/internal/z85"
	"github.com/brokerless/brokerless/socket"
)

// KeyFile returns an authenticator that lets in the peers that prove, under
// CURVE, to have one of the keys in a file, now and as it changes: see the
// package documentation. That there is no file, or that it makes no sense, is an
// error at the start.
//
// A line has a public key as Z85 text and, after a blank, the user name if there
// is one, without blanks; it is the user id, else the key's text is. What comes
// behind a "#" at the start of a line or after a blank is a comment; a key never
// starts with one. The file has at most 4 MiB, and each key once.
//
//	# those who may send orders
//	Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID  ann
//	rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7       # the old press: no name
func KeyFile(path string, opts ...FileOption) (socket.Authenticator, error) {
	return newKeyFiles(newWatched("file of keys "+path, only(path), parseKeys, opts))
}

// newKeyFiles returns what lets in those whose key is in the files.
func newKeyFiles(w *watched[keyList]) (socket.Authenticator, error) {
	if err := w.start(); err != nil {
		return nil, err
	}
	return fromFiles(w, keyList.admit), nil
}

// parseKeys reads a list of keys.
func parseKeys(files []file) (keyList, error) {
	list := make(keyList)
	err := eachLine(files[0].text, func(line string) error {
		fields := strings.Fields(line)
		for i, f := range fields {
			if f[0] == '#' {
				fields = fields[:i]
				break
			}
		}
		if len(fields) > 2 {
			return fmt.Errorf("%d words, want a key and a user name", len(fields))
		}
		k, err := parseKey(fields[0])
		if err != nil {
			return err
		}
		user := ""
		if len(fields) == 2 {
			user = fields[1]
			if err := checkUser(user); err != nil {
				return err
			}
		}
		return list.add(k, user)
	})
	return list, err
}

// add adds a key, which must be a new one.
func (l keyList) add(k key, user string) error {
	if _, ok := l[k]; ok {
		return fmt.Errorf("key %s for the second time", text(k))
	}
	l[k] = user
	return nil
}

// parseKey reads a key. What is wrong with it is told without it: it may be a
// secret one, or a password, in the wrong place.
func parseKey(s string) (k key, err error) {
	const size = len(k) / 4 * 5
	if len(s) != size {
		return k, fmt.Errorf("a key of %d characters, want %d of Z85", len(s), size)
	}
	b, err := z85.Decode(s)
	if err != nil {
		return k, fmt.Errorf("key: %w", err)
	}
	k = key(b)
	if k == (key{}) {
		return k, errors.New("key of zeros, which is nobody's")
	}
	return k, nil
}
