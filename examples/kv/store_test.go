package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/call"
)

func TestStore(t *testing.T) {
	s := store{t.TempDir()}
	for _, key := range []string{"b", "a/2", "\x00", "a/1", "ä", "a"} {
		for _, value := range []string{"an older value of " + key, key} {
			if err := s.put(Entry{key, []byte(value)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // the second time there is nothing to delete
		if err := s.delete("b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.get("b"); !errors.Is(err, call.NotFound) {
		t.Errorf("get of a key that was deleted: %v, want %v", err, call.NotFound)
	}
	// A server that was killed leaves this.
	if err := os.WriteFile(filepath.Join(s.folder, "put-1"), []byte("half a va"), 0o600); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		r    Range
		want []string
	}{
		{Range{}, []string{"\x00", "a", "a/1", "a/2", "ä"}},
		{Range{Prefix: "a"}, []string{"a", "a/1", "a/2"}},
		{Range{Prefix: "a/", After: "a/1"}, []string{"a/2"}},
		{Range{After: "a/11"}, []string{"a/2", "ä"}},
		{Range{Prefix: "b"}, nil},
	}
	for _, tt := range tests {
		var got []string
		for e, err := range s.list(tt.r) {
			if err != nil || string(e.Value) != e.Key {
				t.Fatalf("%q is %q, %v", e.Key, e.Value, err)
			}
			got = append(got, e.Key)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v is %q, want %q", tt.r, got, tt.want)
		}
	}
}

func TestStoreRefusesKeys(t *testing.T) {
	s := store{t.TempDir()}
	for _, tt := range []struct {
		key string
		ok  bool
	}{
		{"", false},
		{"../../etc/passwd", true}, // a key like any other
		{strings.Repeat("k", maxKey), true},
		{strings.Repeat("k", maxKey+1), false},
	} {
		err := s.put(Entry{tt.key, nil})
		_, missing := s.get(tt.key)
		if refused := errors.Is(err, call.InvalidArgument) && errors.Is(missing, call.InvalidArgument); refused == tt.ok {
			t.Errorf("%q: %v and %v, want ok=%v", tt.key, err, missing, tt.ok)
		}
	}
}
