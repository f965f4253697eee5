package examples_test

import (
	"io"
	"testing"
)

const conversation = `alice comes
    alice hears *: welcome, alice
bob comes
    alice hears *: bob has come
    bob   hears *: welcome, bob
carol comes
    alice hears *: carol has come
    bob   hears *: carol has come
    carol hears *: welcome, carol
alice says "hello, everybody"
    bob   hears alice: hello, everybody
    carol hears alice: hello, everybody
bob says "@alice hello, alice"
    alice hears bob: hello, alice
carol says "@dave are you there?"
    carol hears *: dave is not here
carol is gone
    alice hears *: carol has left
    bob   hears *: carol has left
bob says "it is quiet now"
    alice hears bob: it is quiet now
`

func TestChatScript(t *testing.T) {
	if out := succeed(t, "chat", "-script"); out != conversation {
		t.Errorf("got\n%s\nwant\n%s", out, conversation)
	}
}

// say types a line.
func (p *part) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func TestChatByHand(t *testing.T) {
	endpoint := start(t, "chat", "-bind", "tcp://127.0.0.1:0").expect(t, `the room is at (.*)`)[1]
	alice := start(t, "chat", "-connect", endpoint, "-name", "alice")
	alice.expect(t, `^\*: welcome, alice$`)
	bob := start(t, "chat", "-connect", endpoint, "-name", "bob")
	alice.expect(t, `^\*: bob has come$`)

	bob.say(t, "good morning")
	alice.expect(t, `^bob: good morning$`)
	alice.say(t, "@bob psst")
	bob.expect(t, `^alice: psst$`)

	// A second alice is not let in; the first stays.
	impostor := start(t, "chat", "-connect", endpoint, "-name", "alice")
	impostor.expect(t, `^-- disconnected`)
	bob.say(t, "still there?")
	alice.expect(t, `^bob: still there\?$`)

	// Who goes is missed, and the last words arrive.
	alice.say(t, "bye")
	alice.stdin.Close()
	if stderr, code := alice.end(); code != 0 {
		t.Errorf("alice ended with code %d: %s", code, stderr)
	}
	const both = `^(alice: bye|\*: alice has left)$` // in either order
	if one, other := bob.expect(t, both)[1], bob.expect(t, both)[1]; one == other {
		t.Errorf("bob heard %q twice", one)
	}
}
