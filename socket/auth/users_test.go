package auth_test

import (
	"context"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"testing"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
)

// of returns the credentials of a process over ipc.
func of(uid, gid int) socket.Credentials {
	c := null("")
	c.Process = &socket.Process{PID: 1, UID: uid, GID: gid}
	return c
}

const nobody = 1<<31 - 7 // has no entry anywhere

func TestUsersAndGroups(t *testing.T) {
	users, groups := auth.Users(1000, nobody), auth.Groups(100, 4)
	admits(t, users, of(1000, 0), "")
	admits(t, users, of(nobody, 0), "")
	refuses(t, users, of(0, 1000), socket.AuthDenied, "user 0")
	admits(t, groups, of(nobody, 4), "")
	refuses(t, groups, of(nobody, 5), socket.AuthDenied, "group 5")
	for _, a := range []socket.Authenticator{users, groups, auth.Users(), auth.Groups()} {
		refuses(t, a, null("127.0.0.1"), socket.AuthDenied, "no process")
		refuses(t, a, null(""), socket.AuthDenied, "no process")
	}
	refuses(t, auth.Users(), of(0, 0), socket.AuthDenied, "user 0")
	refuses(t, auth.Groups(), of(nobody, 0), socket.AuthDenied, "group 0")
	either := auth.OneOf(users, groups)
	admits(t, either, of(nobody-1, 4), "")
	admits(t, either, of(1000, 5), "")
}

// A user's other groups count too.
func TestGroupsOfTheUser(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Skipf("no user here: %v", err)
	}
	ids, err := me.GroupIds()
	if err != nil || len(ids) == 0 || runtime.GOOS == "windows" {
		t.Skipf("no groups here: %v", err)
	}
	for _, id := range ids {
		gid, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		admits(t, auth.Groups(gid), of(os.Getuid(), nobody), "")
	}
}

// Over ipc the kernel tells whose process is at the other end.
func TestUsersOverIPC(t *testing.T) {
	for _, known := range []bool{true, false} {
		uid := os.Getuid()
		if !known {
			uid++
		}
		pull := must(socket.NewPull(socket.WithAuthenticator(auth.All(auth.Local(), auth.Users(uid)))))
		t.Cleanup(func() { pull.Close() })
		push := must(socket.NewPush(socket.WithLinger(0)))
		t.Cleanup(func() { push.Close() })
		told := push.Monitor()
		if err := push.Connect(must(pull.Bind("ipc://*"))); err != nil {
			t.Fatal(err)
		}
		if !known || runtime.GOOS != "linux" {
			if e := refusal(t, told); e.Status != socket.AuthDenied {
				t.Errorf("refused with %v, want %d", e, socket.AuthDenied)
			}
			continue
		}
		send(t, push, "x")
		if _, err := pull.Recv(bounded(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// What a process is, is known for whoever decides by it.
func TestProcessOfAPeer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	for _, endpoint := range []string{"ipc://*", "tcp://127.0.0.1:0"} {
		seen := make(chan *socket.Process, 1)
		pull := must(socket.NewPull(socket.WithAuthenticator(socket.AuthenticatorFunc(
			func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
				seen <- c.Process
				return socket.Admission{}, nil
			}))))
		t.Cleanup(func() { pull.Close() })
		push := must(socket.NewPush(socket.WithLinger(0)))
		t.Cleanup(func() { push.Close() })
		if err := push.Connect(must(pull.Bind(endpoint))); err != nil {
			t.Fatal(err)
		}
		var p *socket.Process
		select {
		case p = <-seen:
		case <-bounded(t).Done():
			t.Fatal("nobody came")
		}
		want := socket.Process{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid()}
		if endpoint == "ipc://*" && (p == nil || *p != want) {
			t.Errorf("over ipc: process %+v, want %+v", p, want)
		} else if endpoint != "ipc://*" && p != nil {
			t.Errorf("over tcp: process %+v, want none", *p)
		}
	}
}
