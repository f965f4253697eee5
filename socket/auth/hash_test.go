package auth

import (
	"strings"
	"testing"
)

// Hashes that others have made: of the tests of x/crypto, made with Argon2's reference, and of
// OpenWall's bcrypt.
const (
	argonOfPassword = "$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHQ$NQrDciL0Nsy1wJcvHr079rlYvyBxhBNi"
	bcryptOfUStarU  = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
)

func TestHashMatches(t *testing.T) {
	for text, password := range map[string]string{
		argonOfPassword: "password",
		bcryptOfUStarU:  "U*U",
		strings.Replace(bcryptOfUStarU, "$2a", "$2b", 1): "U*U",
		strings.Replace(bcryptOfUStarU, "$2a", "$2y", 1): "U*U", // htpasswd
	} {
		h, err := parseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		if !h.matches(password) {
			t.Errorf("%s does not match", text)
		}
		for _, other := range []string{"", password + "\x00", strings.ToUpper(password) + "x", password[1:]} {
			if h.matches(other) {
				t.Errorf("%s matches %q", text, other)
			}
		}
	}
}

// Bcrypt looks at 72 octets. What comes behind them may not be anything.
func TestBcryptOfLongPasswords(t *testing.T) {
	long := "\xaa" + strings.Repeat("\xaa", 71) + "chars after 72 are ignored as usual"
	h, err := parseHash("$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6") // OpenWall's
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches(long[:72]) {
		t.Error("72 octets do not match")
	}
	for _, other := range []string{long, long[:73], long[:71]} {
		if h.matches(other) {
			t.Errorf("%d octets match", len(other))
		}
	}
}

func TestHashPassword(t *testing.T) {
	one, two := HashPassword("secret"), HashPassword("secret")
	if one == two {
		t.Error("two hashes of a password are the same: no salt")
	}
	if !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", one)
	}
	h, err := parseHash(one)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches("secret") || h.matches("Secret") {
		t.Error("does not match its password, or another one")
	}
	if none := noPassword(); none.time != h.time || none.memory != h.memory || none.lanes != h.lanes || len(none.sum) != len(h.sum) {
		t.Error("the hash of nobody has other costs")
	}
}

func TestParseHashRefuses(t *testing.T) {
	argon := func(version, costs, salt, sum string) string {
		return "$argon2id$" + version + "$" + costs + "$" + salt + "$" + sum
	}
	const costs, salt, sum = "m=64,t=1,p=1", "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApl8ArZWb2GRPPc"
	if _, err := parseHash(argon("v=19", costs, salt, sum)); err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{
		"":       "not a hash",
		"secret": "not a hash",
		"$argon2i$v=19$" + costs + "$" + salt + "$" + sum: "not a hash",
		"$1$abc$def":                                        "not a hash",
		argon("v=16", costs, salt, sum):                     "version",
		argon("v=19", costs, salt, sum) + "$":               "fields",
		"$argon2id$v=19$" + costs + "$" + salt:              "fields",
		argon("v=19", "m=64,t=1", salt, sum):                "costs other than",
		argon("v=19", "t=1,m=64,p=1", salt, sum):            "cost",
		argon("v=19", "m=64,t=0,p=1", salt, sum):            "want t=1 to 100",
		argon("v=19", "m=64,t=101,p=1", salt, sum):          "want t=1 to 100",
		argon("v=19", "m=64,t=1,p=0", salt, sum):            "want p=1 to 64",
		argon("v=19", "m=64,t=1,p=257", salt, sum):          "want p=1 to 64",
		argon("v=19", "m=1048577,t=1,p=1", salt, sum):       "want m=1 to 1048576",
		argon("v=19", "m=4294967296,t=1,p=1", salt, sum):    "want m=1",
		argon("v=19", "m=-1,t=1,p=1", salt, sum):            "want m=1",
		argon("v=19", costs, "", sum):                       "salt",
		argon("v=19", costs, "AAAAAAAAAA==", sum):           "salt",
		argon("v=19", costs, salt, ""):                      "hash: want",
		argon("v=19", costs, salt, "AAAA"):                  "hash: want",
		argon("v=19", costs, salt, strings.Repeat("A", 88)): "hash: want",
		argon("v=19", costs, salt, sum[:42]+"d"):            "hash: want", // bits set beyond the last octet
		bcryptOfUStarU[:59]:                                 "bcrypt",
		bcryptOfUStarU + "x":                                "61",
		strings.Replace(bcryptOfUStarU, "$05", "$21", 1):    "cost 21",
		strings.Replace(bcryptOfUStarU, "$05", "$03", 1):    "bcrypt",
		"$2": "bcrypt",
	} {
		h, err := parseHash(text)
		if h != nil || err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", text, err, says)
		}
		if err != nil && len(text) > 6 && strings.Contains(err.Error(), text) {
			t.Errorf("%q is told in %v", text, err)
		}
	}
}
