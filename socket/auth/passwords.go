package auth

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"runtime"
	"slices"

	"github.com/brokerless/brokerless/socket"
)

// Passwords returns an authenticator that lets in the peers that show, under
// PLAIN, the password of a user. The table has the hash of each user's password,
// as [HashPassword] makes it, or one of bcrypt ($2a$, $2b$ or $2y$); one that
// makes no sense is an error. The user name is the user id.
//
// To look at a password costs much time and memory, so that who gets hold of the
// table cannot try many; and so that who has none cannot make the server do
// nothing else, half of the processors do it at most, eight at most, and the
// rest of the peers wait for their turn, as long as their handshakes may last.
// An unknown user costs as much as a wrong password. PLAIN does not hide the
// password from who listens on the way.
func Passwords(hashes map[string]string) (socket.Authenticator, error) {
	byUser := make(map[string]*hash, len(hashes))
	for user, text := range hashes {
		h, err := parseHash(text)
		if err != nil {
			return nil, fmt.Errorf("brokerless: password of user %q: %w", user, err)
		}
		byUser[user] = h
	}
	table := newPasswordTable(byUser)
	checker := newPasswordChecker()
	return socket.AuthenticatorFunc(func(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
		return checker.admit(ctx, table, c)
	}), nil
}

// A passwordTable has the hash of each user's password.
type passwordTable struct {
	hashes map[string]*hash
	users  []string // in order
}

func newPasswordTable(hashes map[string]*hash) passwordTable {
	return passwordTable{hashes: hashes, users: slices.Sorted(maps.Keys(hashes))}
}

// A passwordChecker compares passwords with hashes, a few at a time.
type passwordChecker struct {
	slots chan struct{}
	seed  maphash.Seed
	// compare is (*hash).matches, but in tests.
	compare func(h *hash, password string) bool
}

func newPasswordChecker() *passwordChecker {
	const most = 8
	atOnce := min(max(runtime.GOMAXPROCS(0)/2, 1), most)
	return &passwordChecker{slots: make(chan struct{}, atOnce), seed: maphash.MakeSeed(), compare: (*hash).matches}
}

// admit lets in who knows the password of the user they say they are.
func (p *passwordChecker) admit(ctx context.Context, t passwordTable, c socket.Credentials) (socket.Admission, error) {
	if err := demand(c, "PLAIN"); err != nil {
		return socket.Admission{}, err
	}
	h, known := t.hashes[c.Username]
	if !known {
		h = p.decoy(t, c.Username)
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return socket.Admission{}, busy(ctx)
	}
	if ctx.Err() != nil { // both had come
		return socket.Admission{}, busy(ctx)
	}
	matches := p.compare(h, c.Password)
	switch {
	case !known:
		return socket.Admission{}, deny("unknown user %.80q", c.Username)
	case !matches:
		return socket.Admission{}, deny("wrong password of user %.80q", c.Username)
	}
	return socket.Admission{UserID: c.Username}, nil
}

// decoy returns a hash to compare the password of an unknown user with. Where
// some hashes of a table cost more than others, so it has to be for users that
// are not in it: each gets the hash of one that is, and always of the same one,
// but nobody outside can tell of which.
func (p *passwordChecker) decoy(t passwordTable, user string) *hash {
	if len(t.users) == 0 {
		return noPassword()
	}
	return t.hashes[t.users[maphash.String(p.seed, user)%uint64(len(t.users))]]
}
