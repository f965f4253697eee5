package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// What HashPassword asks of Argon2id: 19 MiB and two passes over them, which is
// some tens of milliseconds. A server makes one with each handshake, of friend
// or foe, so it is not the most that one could ask.
const (
	hashTime   = 2
	hashMemory = 19 << 10 // KiB
	hashLanes  = 1
	saltSize   = 16 // octets
	sumSize    = 32
)

// What a hash may ask of the server that checks it.
const (
	maxTime       = 100
	maxMemory     = 1 << 20 // KiB
	maxLanes      = 64
	maxBcryptCost = 20 // 2^20 rounds: a minute or so
	maxBcrypt     = 72 // octets of a password that bcrypt looks at
	minSalt       = 8  // octets, and at most:
	maxSalt       = 64
	minSum        = 16
	maxSum        = 64
)

// HashPassword returns a hash of a password for [Passwords] and [PasswordFile]:
// Argon2id with a random salt, as "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".
// It takes some tens of milliseconds and 19 MiB.
func HashPassword(password string) string {
	h := hash{time: hashTime, memory: hashMemory, lanes: hashLanes, salt: make([]byte, saltSize)}
	_, _ = rand.Read(h.salt) // never fails
	h.sum = h.of(password, sumSize)
	return h.String()
}

// A hash is what is kept of a password.
type hash struct {
	bcrypt []byte // if it is one of bcrypt; else of Argon2id:

	time, memory uint32 // memory in KiB
	lanes        uint8
	salt, sum    []byte
}

// noPassword is a hash of which nobody knows a password, as costly as those that
// HashPassword makes.
func noPassword() *hash {
	return &hash{time: hashTime, memory: hashMemory, lanes: hashLanes, salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
}

// matches reports whether h is of the password. The time that takes depends on
// what h asks for, and not on the answer.
func (h *hash) matches(password string) bool {
	if h.bcrypt != nil {
		err := bcrypt.CompareHashAndPassword(h.bcrypt, []byte(password[:min(len(password), maxBcrypt)]))
		return err == nil && len(password) <= maxBcrypt // what it does not look at may not be anything
	}
	return subtle.ConstantTimeCompare(h.of(password, len(h.sum)), h.sum) == 1
}

// of returns what Argon2id makes of a password.
func (h *hash) of(password string, size int) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.lanes, uint32(size))
}

// String returns the hash of Argon2id as text, in the usual form.
func (h *hash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.sum))
}

// parseHash reads a hash. What is wrong with it is told without it.
func parseHash(s string) (*hash, error) {
	switch {
	case strings.HasPrefix(s, "$2"):
		cost, err := bcrypt.Cost([]byte(s))
		if err != nil {
			return nil, fmt.Errorf("hash of bcrypt: %w", err)
		}
		if len(s) != 60 {
			return nil, fmt.Errorf("hash of bcrypt with %d characters, want 60", len(s))
		}
		if cost > maxBcryptCost {
			return nil, fmt.Errorf("hash of bcrypt with cost %d, want at most %d", cost, maxBcryptCost)
		}
		return &hash{bcrypt: []byte(s)}, nil
	case strings.HasPrefix(s, "$argon2id$"):
		h, err := parseArgon2(s)
		if err != nil {
			return nil, fmt.Errorf("hash of argon2id: %w", err)
		}
		return h, nil
	}
	return nil, errors.New("not a hash of argon2id ($argon2id$…) or bcrypt ($2b$…)")
}

func parseArgon2(s string) (*hash, error) {
	fields := strings.Split(s, "$")
	if len(fields) != 6 {
		return nil, fmt.Errorf("%d fields, want $argon2id$version$costs$salt$hash", len(fields)-1)
	}
	if want := fmt.Sprintf("v=%d", argon2.Version); fields[2] != want {
		return nil, fmt.Errorf("version %.16q, want %s", fields[2], want)
	}
	var costs [3]uint32
	parts := strings.Split(fields[3], ",")
	if len(parts) != len(costs) {
		return nil, errors.New("costs other than m, t and p")
	}
	for i, limit := range []struct {
		name string
		most uint32
	}{{"m=", maxMemory}, {"t=", maxTime}, {"p=", maxLanes}} {
		digits, ok := strings.CutPrefix(parts[i], limit.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < 1 || n > uint64(limit.most) {
			return nil, fmt.Errorf("cost %.16q, want %s1 to %d", parts[i], limit.name, limit.most)
		}
		costs[i] = uint32(n)
	}
	h := &hash{memory: costs[0], time: costs[1], lanes: uint8(costs[2])}
	encoding := base64.RawStdEncoding.Strict()
	var err error
	if h.salt, err = encoding.DecodeString(fields[4]); err != nil || len(h.salt) < minSalt || len(h.salt) > maxSalt {
		return nil, fmt.Errorf("salt: want %d to %d octets in base64 without padding", minSalt, maxSalt)
	}
	if h.sum, err = encoding.DecodeString(fields[5]); err != nil || len(h.sum) < minSum || len(h.sum) > maxSum {
		return nil, fmt.Errorf("hash: want %d to %d octets in base64 without padding", minSum, maxSum)
	}
	return h, nil
}
