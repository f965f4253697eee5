package mesh

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestDecodeStateRefuses(t *testing.T) {
	many := func(n int, one string) string { return strings.Repeat(","+one, n)[1:] }
	tests := []struct{ name, json, want string }{
		{"nothing", ``, "state"},
		{"not JSON", `{`, "state"},
		{"not UTF-8", "{\"name\":\"\xff\"}", "UTF-8"},
		{"a list", `[]`, "state"},
		{"too large", `{"name":"` + strings.Repeat("x", maxState) + `"}`, "at most 65536"},
		{"no incarnation", `{"version":1}`, "incarnation"},
		{"incarnation of zero", `{"version":1,"incarnation":"0"}`, "incarnation"},
		{"incarnation of nonsense", `{"version":1,"incarnation":"xyz"}`, "incarnation"},
		{"group without name", `{"version":1,"incarnation":"1","groups":[""]}`, "group"},
		{"service without name", `{"version":1,"incarnation":"1","services":[null]}`, "service"},
		{"service of long name", `{"version":1,"incarnation":"1","services":[{"name":"` + strings.Repeat("x", 121) + `"}]}`, "service"},
		{"long name", `{"version":1,"incarnation":"1","name":"` + strings.Repeat("x", 121) + `"}`, "name"},
		{"many groups", `{"version":1,"incarnation":"1","groups":[` + many(1001, `"g"`) + `]}`, "1001 groups"},
		{"many services", `{"version":1,"incarnation":"1","services":[` + many(1001, `{"name":"s"}`) + `]}`, "1001 services"},
		{"negative load", `{"version":1,"incarnation":"1","services":[{"name":"s","load":-1}]}`, "state"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeState([]byte(tt.json))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
	if s, err := decodeState([]byte(`{"version":2,"incarnation":{"not":"ours"}}`)); err != nil || s.Version != 2 {
		t.Errorf("another version: %+v, %v", s, err)
	}
}

func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version":1,"mesh":"m","id":"00","incarnation":"1","sequence":7,"groups":["g"],"services":[{"name":"s","load":3}]}`))
	f.Add([]byte(`{"version":1,"incarnation":"ffffffffffffffff","metadata":{"a":"b"},"draining":true}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
		if err != nil || s.Version != wireVersion {
			return
		}
		e, err := s.encode()
		if err != nil {
			return // what was escaped may have become longer
		}
		again, err := decodeState(e)
		if err != nil {
			t.Fatalf("%q became %q: %v", b, e, err)
		}
		e2, err := again.encode()
		if err != nil || !bytes.Equal(e, e2) || !s.sameAs(again) {
			t.Errorf("%q became %q, %v", e, e2, err)
		}
	})
}

func BenchmarkDecodeState(b *testing.B) {
	s := &state{Version: 1, Incarnation: "1"}
	for i := range 100 {
		s.Services = append(s.Services, service{Name: fmt.Sprint("service ", i), Version: "1.2.3"})
	}
	text, err := s.encode()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := decodeState(text); err != nil {
			b.Fatal(err)
		}
	}
}
