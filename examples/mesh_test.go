package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestMesh(t *testing.T) {
	needMulticast(t)
	out := succeed(t, "mesh", "-interface", "lo", "-loopback")
	wantLines(t, out,
		` *\d+\.\ds  all know each other.*`,
		` *ada 50 calls were answered by ada \d+, bob \d+, cyd \d+`,
		` *bob hears that ada whispers: psst`,
		` *cyd asked "lunch at noon\?": .*bob says no.*`,
		` *(ada|cyd) sees bob suspect.*`,
		` *ada sees bob gone, lost.*`,
		` *cyd sees bob gone, lost.*`,
		` *dan sees cyd gone, left`,
		` *ada 50 calls were answered by ada \d+, dan \d+`,
		` *\d+\.\ds  ada, cyd and dan have made \d+ calls; 0 failed`,
	)
	if m := regexp.MustCompile(`(?m)^ *(ada|cyd|dan) sees (ada|cyd|dan) suspect`).FindString(out); m != "" {
		t.Errorf("%s, who was never away\n%s", m, out)
	}
}

// Two nodes, as they would be on two machines without multicast.
func TestMeshByHand(t *testing.T) {
	here := []string{"-role", "node", "-gossip", "127.0.0.1:0", "-loopback", "-realm", ours("realm")}
	ann := start(t, "mesh", append(here, "-name", "ann")...)
	seed := ann.expect(t, `^gossiping at (.*)$`)[1]
	ben := start(t, "mesh", append(here, "-name", "ben", "-seeds", seed, "-vote", "rather not")...)
	ann.expect(t, `^50 calls were answered by ann \d+, ben \d+$`)
	ben.expect(t, `^50 calls were answered by ann \d+, ben \d+$`)

	ann.say(t, "shall we?")
	ann.expect(t, `^asked "shall we\?": ben says rather not$`)
	ben.say(t, "too bad")
	ann.expect(t, `^hears that ben says: too bad$`)
	ben.say(t, "@eve psst")
	ben.expect(t, `^could not: eve is not here$`)

	ben.stdin.Close()
	ben.expect(t, `^left, after \d+ calls of which 0 failed$`)
	if stderr, code := ben.end(); code != 0 || stderr != "" {
		t.Errorf("ben ended with code %d\n%s", code, stderr)
	}
	ann.expect(t, `^sees ben gone, left$`)
	ann.interrupt(t)
}

// Two nodes with one passphrase, and one that has to guess it.
func TestMeshWithAKey(t *testing.T) {
	keyFile := func(passphrase string) string {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(passphrase+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	here := []string{"-role", "node", "-gossip", "127.0.0.1:0", "-loopback", "-realm", ours("realm")}
	key := keyFile("correct horse battery staple")
	ann := start(t, "mesh", append(here, "-name", "ann", "-key-file", key)...)
	seed := ann.expect(t, `^gossiping at (.*)$`)[1]
	eve := start(t, "mesh", append(here, "-name", "eve", "-seeds", seed, "-key-file", keyFile("let me in"))...)
	ann.expect(t, `^is not linked with eve: .*another passphrase`)
	eve.expect(t, `^is not linked with ann: .*another passphrase`)
	ben := start(t, "mesh", append(here, "-name", "ben", "-seeds", seed, "-key-file", key)...)
	ann.expect(t, `^50 calls were answered by ann \d+, ben \d+$`)
	for _, p := range []*part{eve, ben, ann} {
		p.interrupt(t)
	}
}
