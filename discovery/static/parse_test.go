package static

import (
	"errors"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

func TestParseErrors(t *testing.T) {
	for name, test := range map[string]struct {
		text, want string // part of the message
		err        error
	}{
		"empty":            {"", "line 1, column 1", nil},
		"no list":          {"null", "no list", nil},
		"an object":        {`{"service": "orders"}`, "cannot unmarshal object", nil},
		"half":             {"[\n  {\"service\"", "line 2, column", nil},
		"comma":            {"[\n{},\n]", "line 3, column 1", nil},
		"after the list":   {"[]\n\n x", "line 3, column 2", nil},
		"kind":             {"[\n\n  {\"service\": 7}]", "line 3, column", nil},
		"misspelt":         {"[\n  {\"servce\": \"orders\"}]", `line 2, column 3: json: unknown field "servce"`, nil},
		"no endpoints":     {`[ {"service": "orders"}]`, "line 1, column 3: no endpoints", nil},
		"null entry":       {`[null]`, "no endpoints", nil},
		"no service":       {`[{"endpoints": ["tcp://a:1"]}]`, "no service", discovery.ErrInstance},
		"endpoint":         {`[{"service": "orders", "endpoints": ["udp://a:1"]}]`, `scheme "udp"`, discovery.ErrInstance},
		"id":               {`[{"id": "12", "service": "orders", "endpoints": ["tcp://a:1"]}]`, `id "12"`, nil},
		"twice":            {"[{\"service\": \"o\", \"endpoints\": [\"tcp://a:1\"]},\n {\"service\": \"o\", \"endpoints\": [\"tcp://a:1\"]}]", "line 2, column 2: ", discovery.ErrInstance},
		"not UTF-8":        {"[\n\"\xff\"]", "line 2, column 2: not UTF-8", nil},
		"too many":         {"[" + strings.Repeat("0,", discovery.DefaultMaxInstances) + "0]", "want at most 4096", discovery.ErrFull},
		"deeper than deep": {strings.Repeat("[", 20000), "depth", nil},
	} {
		set, err := parse([]byte(test.text))
		if !errors.Is(err, discovery.ErrMalformed) || set != nil {
			t.Errorf("%s: %v, %v, want nil and ErrMalformed", name, set, err)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %q, want it to say %q", name, err, test.want)
		}
		if test.err != nil && !errors.Is(err, test.err) {
			t.Errorf("%s: error %q does not match %q", name, err, test.err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`[]`))
	f.Add([]byte(`[{"id": "000102030405060708090a0b0c0d0e0f", "service": "orders", "realm": "r", "name": "ö", "type": "PULL",
		"host": "h", "endpoints": ["tcp://a.example:1", "ipc:///x"], "metadata": {"k": "v"}}]`))
	f.Add([]byte(`[{"service": "orders", "endpoints": ["tcp://a:1"]}, null, {"service": 7}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := parse(text)
		if (err == nil) == (set == nil) {
			t.Fatalf("set %v and error %v", set, err)
		}
		for id, in := range set {
			if err := in.Validate(); err != nil || id != in.ID {
				t.Errorf("%s: %+v: %v", id, in, err)
			}
		}
		var where *parseError
		if err != nil && (!errors.As(err, &where) || where.line < 1 || where.column < 1) {
			t.Errorf("error %v does not say where", err)
		}
	})
}
