package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// PasswordFile is [Passwords] with a table in a file, now and as it changes: see
// the package documentation. That there is no file, or that it makes no sense,
// is an error at the start.
//
// A line has a user name, a colon and the hash, as also htpasswd -B writes it.
// Lines that start with "#" are comments. The file has at most 4 MiB, and each
// user once. Who can read it can try passwords at home: keep it to yourself.
//
//	# those who may send orders
//	ann:$argon2id$v=19$m=19456,t=2,p=1$…$…
func PasswordFile(path string, opts ...FileOption) (socket.Authenticator, error) {
	w := newWatched("file of passwords "+path, only(path), parsePasswords, opts)
	if err := w.start(); err != nil {
		return nil, err
	}
	checker := newPasswordChecker()
	return socket.AuthenticatorFunc(func(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
		table, err := w.get(ctx)
		if err != nil {
			return socket.Admission{}, err
		}
		return checker.admit(ctx, table, c)
	}), nil
}

// parsePasswords reads a table of passwords.
func parsePasswords(files []file) (passwordTable, error) {
	hashes := make(map[string]*hash)
	err := eachLine(files[0].text, func(line string) error {
		user, text, ok := strings.Cut(line, ":")
		if !ok {
			return errors.New("no colon, want user:hash")
		}
		if err := checkUser(user); err != nil {
			return err
		}
		if _, ok := hashes[user]; ok {
			return fmt.Errorf("user %q for the second time", user)
		}
		h, err := parseHash(text)
		if err != nil {
			return fmt.Errorf("password of user %q: %w", user, err)
		}
		hashes[user] = h
		return nil
	})
	if err != nil {
		return passwordTable{}, err
	}
	return newPasswordTable(hashes), nil
}
