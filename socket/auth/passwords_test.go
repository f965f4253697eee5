package auth_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// Cheap hashes, so that the tests are quick: of "secret" and of "U*U".
const (
	ofSecret = "$argon2id$v=19$m=64,t=1,p=1$c29tZSBzYWx0$2BOL/pUv2qITBlHyDz+XiF1xvKvWCOxn/BuynTJ5yJQ"
	ofUStarU = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
)

func TestPasswords(t *testing.T) {
	a := must(auth.Passwords(map[string]string{"ann": ofSecret, "bob": ofUStarU}))
	admits(t, a, plain("ann", "secret"), "ann")
	admits(t, a, plain("bob", "U*U"), "bob")
	refuses(t, a, plain("ann", "U*U"), socket.AuthDenied, `wrong password of user "ann"`)
	refuses(t, a, plain("ann", ""), socket.AuthDenied)
	refuses(t, a, plain("ann", ofSecret), socket.AuthDenied)
	refuses(t, a, plain("Ann", "secret"), socket.AuthDenied, `unknown user "Ann"`)
	refuses(t, a, plain("", ""), socket.AuthDenied, `unknown user ""`)
	refuses(t, a, plain("x\n\x1b[31m", strings.Repeat("x", 255)), socket.AuthDenied, `unknown user "x\n\x1b[31m"`)
	c := plain("ann", "secret")
	for _, mechanism := range []string{"NULL", "CURVE", ""} {
		c.Mechanism = mechanism
		refuses(t, a, c, socket.AuthDenied, "want PLAIN")
	}
	refuses(t, must(auth.Passwords(nil)), plain("", ""), socket.AuthDenied)
	// No password is in a refusal.
	_, err := a.Authenticate(t.Context(), plain("ann", "hunter2"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("refused with %v", err)
	}
}

func TestPasswordsRefusesWhatIsNoHash(t *testing.T) {
	a, err := auth.Passwords(map[string]string{"ann": "hunter2"})
	if a != nil || err == nil || !strings.Contains(err.Error(), `"ann"`) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestPasswordFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, "# who may come\n\nann:"+ofSecret+"\r\nold press:"+ofUStarU)
		told := new(reports)
		a := must(auth.PasswordFile(path, auth.WithReport(told.add)))
		admits(t, a, plain("ann", "secret"), "ann")
		admits(t, a, plain("old press", "U*U"), "old press")
		refuses(t, a, plain("ann", "U*U"), socket.AuthDenied)

		replace(t, path, "ann:"+ofUStarU)
		second()
		refuses(t, a, plain("ann", "secret"), socket.AuthDenied, "wrong password")
		admits(t, a, plain("ann", "U*U"), "ann")
		refuses(t, a, plain("old press", "U*U"), socket.AuthDenied, "unknown user")

		replace(t, path, "ann:"+ofUStarU+"\nbob:hunter2")
		second()
		admits(t, a, plain("ann", "U*U"), "ann")
		refuses(t, a, plain("bob", "hunter2"), socket.AuthDenied, "unknown user")
		told.last(t, 1, `line 2: password of user "bob": not a hash`)
		if strings.Contains(told.all[0], "hunter2") {
			t.Errorf("told %q", told.all)
		}
	})
}

func TestPasswordFileAtStart(t *testing.T) {
	for text, says := range map[string]string{
		"ann":                "line 1: no colon",
		":" + ofSecret:       "line 1: no user name",
		"ann:":               "not a hash",
		"ann: " + ofSecret:   "not a hash",
		"a\x00n:" + ofSecret: "user name",
		"ann:" + ofSecret + "\n#\nann:" + ofUStarU: `line 3: user "ann" for the second time`,
		"\xff:" + ofSecret:                         "not UTF-8",
	} {
		if _, err := auth.PasswordFile(written(t, text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", text, err, says)
		}
	}
}
