package auth_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// admitting lets everybody in.
func admitting(user string, metadata map[string]string) socket.Authenticator {
	return socket.AuthenticatorFunc(func(context.Context, socket.Credentials) (socket.Admission, error) {
		return socket.Admission{UserID: user, Metadata: metadata}, nil
	})
}

// refusing lets nobody in.
func refusing(err error) socket.Authenticator {
	return socket.AuthenticatorFunc(func(context.Context, socket.Credentials) (socket.Admission, error) {
		return socket.Admission{UserID: "nobody"}, err
	})
}

func status(n int, text string) error { return &socket.AuthError{Status: n, Text: text} }

func TestAnyone(t *testing.T) {
	admits(t, auth.Anyone(), null("192.0.2.1"), "")
	admits(t, auth.Anyone(), null(""), "")
	admits(t, auth.Anyone(), plain("ann", "x"), "") // unproven
	admits(t, auth.Anyone(), curve(ann), annText)
	admits(t, auth.Anyone(), socket.Credentials{}, "")
}

func TestAll(t *testing.T) {
	c := null("192.0.2.1")
	refuses(t, auth.All(), c, socket.AuthDenied, "no authenticators")
	admits(t, auth.All(admitting("", nil), admitting("ann", nil), admitting("bob", nil)), c, "ann")
	first, second := status(socket.AuthTemporary, "first"), status(socket.AuthDenied, "second")
	refuses(t, auth.All(admitting("ann", map[string]string{"X": "1"}), refusing(first), refusing(second)), c, socket.AuthTemporary, "first")

	original := map[string]string{"X-A": "1"}
	got, err := auth.All(admitting("", original), admitting("", map[string]string{"x-a": "2", "X-B": "3"}),
		admitting("", map[string]string{"X-B": "4"})).Authenticate(t.Context(), c)
	if want := map[string]string{"X-A": "1", "X-B": "3"}; err != nil || !maps.Equal(got.Metadata, want) {
		t.Errorf("metadata %v, %v, want %v", got.Metadata, err, want)
	}
	if len(original) != 1 {
		t.Errorf("an authenticator's own metadata is now %v", original)
	}

	// After a refusal nobody is asked.
	asked := false
	never := socket.AuthenticatorFunc(func(context.Context, socket.Credentials) (socket.Admission, error) {
		asked = true
		return socket.Admission{}, nil
	})
	refuses(t, auth.All(refusing(second), never), c, socket.AuthDenied)
	if asked {
		t.Error("one was asked after another had refused")
	}
}

func TestOneOf(t *testing.T) {
	c := null("192.0.2.1")
	denied, failed, later := status(socket.AuthDenied, "denied"), errors.New("failed"), status(socket.AuthTemporary, "later")
	refuses(t, auth.OneOf(), c, socket.AuthDenied, "no authenticators")
	admits(t, auth.OneOf(refusing(denied), admitting("ann", nil), admitting("bob", nil)), c, "ann")
	refuses(t, auth.OneOf(refusing(denied), refusing(denied)), c, socket.AuthDenied, "denied; denied")
	refuses(t, auth.OneOf(refusing(failed), refusing(denied)), c, socket.AuthInternal, "failed", "denied")
	refuses(t, auth.OneOf(refusing(denied), refusing(failed)), c, socket.AuthInternal)
	refuses(t, auth.OneOf(refusing(failed), refusing(later), refusing(denied)), c, socket.AuthTemporary, "failed", "later", "denied")
	refuses(t, auth.OneOf(refusing(later), refusing(failed)), c, socket.AuthTemporary)
	refuses(t, auth.OneOf(refusing(status(200, "odd"))), c, socket.AuthInternal, "odd")
}
