package static_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
	"github.com/brokerless/brokerless/discovery/static"
)

// text returns the instances in the form of a file.
func text(t testing.TB, all []discovery.Instance) []byte {
	t.Helper()
	list := []map[string]any{}
	for _, in := range all {
		list = append(list, map[string]any{
			"id": in.ID.String(), "service": in.Service, "realm": in.Realm, "name": in.Name, "type": in.SocketType,
			"host": in.Host, "endpoints": in.Endpoints, "metadata": in.Metadata,
		})
	}
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// replace puts a file with the text in the place of another, in one step.
func replace(t testing.TB, path string, text []byte) {
	t.Helper()
	write(t, path+".new", text)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFileConforms(t *testing.T) {
	for name, put := range map[string]func(testing.TB, string, []byte){"Replaced": replace, "Rewritten": write} {
		t.Run(name, func(t *testing.T) {
			discoverytest.Run(t, func(t *testing.T) discoverytest.Cluster {
				path := filepath.Join(t.TempDir(), "instances.json")
				write(t, path, []byte("[]"))
				return discoverytest.Cluster{
					Backend: func(t testing.TB) discovery.Backend {
						t.Helper()
						b, err := static.File(path, static.WithPoll(10*time.Millisecond))
						if err != nil {
							t.Fatal(err)
						}
						return b
					},
					Publish: func(t testing.TB, all []discovery.Instance) {
						t.Helper()
						put(t, path, text(t, all))
					},
				}
			})
		})
	}
}

// watchFile returns a file with a backend that reads it and a function that
// returns its next event. To be called in a bubble, where the polls take no time.
func watchFile(t *testing.T, first string) (path string, next func() discovery.Event) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "instances.json")
	write(t, path, []byte(first))
	b, err := static.File(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	w, err := b.Watch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return path, func() discovery.Event {
		t.Helper()
		e, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

const (
	listA  = `[{"service": "orders", "endpoints": ["tcp://a.example:1"]}]`
	listAB = `[{"service": "orders", "endpoints": ["tcp://a.example:1"]}, {"service": "orders", "endpoints": ["tcp://b.example:1"]}]`
	listB  = `[{"service": "orders", "endpoints": ["tcp://b.example:1"]}]`
)

func expect(t *testing.T, e discovery.Event, kind discovery.Kind, endpoint string) {
	t.Helper()
	if e.Kind != kind || endpoint != "" && e.Instance.Endpoints[0] != endpoint {
		t.Fatalf("event %q, want %s %s", e, kind, endpoint)
	}
}

// A change is seen within the second, and what is wrong changes nothing.
func TestFileChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, next := watchFile(t, listA)
		expect(t, next(), discovery.Added, "tcp://a.example:1")
		expect(t, next(), discovery.Synced, "")

		began := time.Now()
		replace(t, path, []byte(listAB))
		expect(t, next(), discovery.Added, "tcp://b.example:1")
		if took := time.Since(began); took > time.Second {
			t.Errorf("a change was seen after %v, want at most 1 s", took)
		}

		write(t, path, []byte(listB[:len(listB)/2])) // half-written
		e := next()
		expect(t, e, discovery.Warning, "")
		if !errors.Is(e.Err, discovery.ErrMalformed) || !strings.Contains(e.Err.Error(), "line 1") || !strings.Contains(e.Err.Error(), path) {
			t.Errorf("half a file: warning %v, want ErrMalformed with file and line", e.Err)
		}

		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		e = next()
		expect(t, e, discovery.Warning, "")
		if !errors.Is(e.Err, fs.ErrNotExist) {
			t.Errorf("no file: warning %v, want fs.ErrNotExist", e.Err)
		}
		began = time.Now()
		go func() { // an hour later
			<-time.After(time.Hour)
			replace(t, path, []byte(listB))
		}()
		e = next() // and not a second warning
		expect(t, e, discovery.Removed, "tcp://a.example:1")
		if !errors.Is(e.Err, discovery.ErrLeft) {
			t.Errorf("removed with reason %v, want ErrLeft", e.Err)
		}
		if took := time.Since(began); took < time.Hour {
			t.Errorf("an event after %v, want none while there was no file", took)
		}

		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		e = next()
		expect(t, e, discovery.Warning, "")
		if !strings.Contains(e.Err.Error(), "not a regular file") {
			t.Errorf("a folder: warning %v", e.Err)
		}
	})
}

// A file that is older than the clock's steps is only looked at.
func TestFileWithOldTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, next := watchFile(t, listA)
		expect(t, next(), discovery.Added, "tcp://a.example:1")
		expect(t, next(), discovery.Synced, "")
		for i, list := range []string{listB, listA} { // each of the same size
			replace(t, path, []byte(list))
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			expect(t, next(), discovery.Removed, "")
			expect(t, next(), discovery.Added, []string{"tcp://b.example:1", "tcp://a.example:1"}[i])
		}
	})
}

func TestFileAtStart(t *testing.T) {
	dir := t.TempDir()
	if _, err := static.File(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, want fs.ErrNotExist", err)
	}
	if _, err := static.File(dir); err == nil {
		t.Error("a folder: no error")
	}
	path := filepath.Join(dir, "large")
	write(t, path, []byte("["+strings.Repeat(" ", 4<<20)+"]"))
	if _, err := static.File(path); err == nil || !strings.Contains(err.Error(), fmt.Sprint(4<<20)) {
		t.Errorf("a file of more than 4 MiB: %v, want that in words", err)
	}
	write(t, path, []byte("["+strings.Repeat(" ", 4<<20-2)+"]"))
	b, err := static.File(path)
	if err != nil {
		t.Fatalf("a file of 4 MiB: %v", err)
	}
	b.Close()
}
