package discovery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/brokerless/brokerless/discovery"
)

func TestValidate(t *testing.T) {
	metadata := func(n int) map[string]string {
		m := make(map[string]string)
		for i := range n {
			m[fmt.Sprint("k", i)] = ""
		}
		return m
	}
	endpoints := func(n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprintf("tcp://a.example:%d", i+1))
		}
		return all
	}
	valid := func(in *discovery.Instance) {}
	for name, test := range map[string]struct {
		edit func(*discovery.Instance)
		want string // part of the error; empty if valid
	}{
		"as it is":           {valid, ""},
		"nothing but a name": {func(in *discovery.Instance) { *in = discovery.Instance{ID: in.ID, Service: "s"} }, ""},
		"no id":              {func(in *discovery.Instance) { in.ID = discovery.ID{} }, "no id"},
		"no service":         {func(in *discovery.Instance) { in.Service = "" }, "no service"},
		"longest name":       {func(in *discovery.Instance) { in.Name = strings.Repeat("n", discovery.MaxName) }, ""},
		"too long a name":    {func(in *discovery.Instance) { in.Name = strings.Repeat("n", discovery.MaxName+1) }, "name"},
		"too long a service": {func(in *discovery.Instance) { in.Service = strings.Repeat("n", discovery.MaxName+1) }, "service"},
		"too long a realm":   {func(in *discovery.Instance) { in.Realm = strings.Repeat("n", discovery.MaxName+1) }, "realm"},
		"too long a type":    {func(in *discovery.Instance) { in.SocketType = strings.Repeat("n", discovery.MaxName+1) }, "socket type"},
		"too long a host":    {func(in *discovery.Instance) { in.Host = strings.Repeat("n", discovery.MaxName+1) }, "host"},
		"no UTF-8":           {func(in *discovery.Instance) { in.Realm = "a\xffb" }, `"a\xffb"`},
		"any UTF-8":          {func(in *discovery.Instance) { in.Name = "\x00\n\\. \u2028\U0001F600" }, ""},
		"highest version":    {func(in *discovery.Instance) { in.Version = 1000 }, ""},
		"too high a version": {func(in *discovery.Instance) { in.Version = 1001 }, "version 1001"},
		"negative version":   {func(in *discovery.Instance) { in.Version = -1 }, "version -1"},
		"most endpoints":     {func(in *discovery.Instance) { in.Endpoints = endpoints(discovery.MaxEndpoints) }, ""},
		"too many endpoints": {func(in *discovery.Instance) { in.Endpoints = endpoints(discovery.MaxEndpoints + 1) }, "9 endpoints"},
		"most metadata":      {func(in *discovery.Instance) { in.Metadata = metadata(discovery.MaxMetadata) }, ""},
		"too much metadata":  {func(in *discovery.Instance) { in.Metadata = metadata(discovery.MaxMetadata + 1) }, "33 entries"},
		"longest key": {func(in *discovery.Instance) {
			in.Metadata = map[string]string{strings.Repeat("k", discovery.MaxKey): ""}
		}, ""},
		"too long a key": {func(in *discovery.Instance) {
			in.Metadata = map[string]string{strings.Repeat("k", discovery.MaxKey+1): ""}
		}, "key"},
		"no key":              {func(in *discovery.Instance) { in.Metadata = map[string]string{"": "v"} }, `key ""`},
		"key with =":          {func(in *discovery.Instance) { in.Metadata = map[string]string{"a=b": ""} }, `key "a=b"`},
		"key not ASCII":       {func(in *discovery.Instance) { in.Metadata = map[string]string{"ö": ""} }, "key"},
		"key not printable":   {func(in *discovery.Instance) { in.Metadata = map[string]string{"a\n": ""} }, "key"},
		"keys but for case":   {func(in *discovery.Instance) { in.Metadata = map[string]string{"Zone": "", "zone": ""} }, `keys "Zone" and "zone"`},
		"value with anything": {func(in *discovery.Instance) { in.Metadata = map[string]string{"k": "a=b\x00ö"} }, ""},
		"value not UTF-8":     {func(in *discovery.Instance) { in.Metadata = map[string]string{"k": "\xff"} }, `value of "k"`},
		"too large": {func(in *discovery.Instance) {
			in.Metadata = map[string]string{"k": strings.Repeat("v", discovery.MaxSize)}
		}, "octets in all"},
	} {
		in := instance("tcp://a.example:1", "ipc:///run/a")
		test.edit(&in)
		checkValid(t, name, in.Validate(), test.want)
	}
}

func checkValid(t *testing.T, name string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v, want nil", name, err)
	case want != "" && !errors.Is(err, discovery.ErrInstance):
		t.Errorf("%s: %v, want ErrInstance", name, err)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("%s: %q, want it to say %q", name, err, want)
	}
}

func TestValidateEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"tcp://192.0.2.1:1":           "",
		"tcp://192.0.2.1:65535":       "",
		"tcp://0.0.0.0:5555":          "",
		"tcp://[::]:5555":             "",
		"tcp://[2001:db8::1]:5555":    "",
		"tcp://[fe80::1%eth0]:5555":   "",
		"tcp://a.example:5555":        "",
		"ipc:///run/a":                "",
		"ipc://@abstract name":        "",
		"":                            "want tcp://",
		"tcp://":                      "want tcp://",
		"192.0.2.1:5555":              "want tcp://",
		"udp://192.0.2.1:5555":        `scheme "udp"`,
		"inproc://a":                  `scheme "inproc"`,
		"tcp://192.0.2.1":             "missing port",
		"tcp://192.0.2.1:0":           `port "0"`,
		"tcp://192.0.2.1:65536":       `port "65536"`,
		"tcp://192.0.2.1:-1":          `port "-1"`,
		"tcp://192.0.2.1:http":        `port "http"`,
		"tcp://192.0.2.1:*":           `port "*"`,
		"tcp://:5555":                 `host ""`,
		"tcp://*:5555":                `host "*"`,
		"tcp://a b:5555":              `host "a b"`,
		"tcp://2001:db8::1:5555":      "too many colons",
		"ipc://\xff":                  "UTF-8",
		"ipc://" + long(195):          "at most 200",
		"ipc://" + long(194):          "",
		"tcp://[2001:db8::1%]:5555":   "host",
		"tcp://a.example:5555/orders": "port",
	} {
		in := instance(endpoint)
		in.Metadata = nil
		checkValid(t, endpoint, in.Validate(), want)
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestID(t *testing.T) {
	id := discovery.NewID()
	got, err := discovery.ParseID(id.String())
	if err != nil || got != id {
		t.Errorf("%s was read as %s, error %v", id, got, err)
	}
	if got, err := discovery.ParseID(strings.ToUpper(id.String())); err != nil || got != id {
		t.Errorf("%s in upper case was read as %s, error %v", id, got, err)
	}
	if a, b := (discovery.ID{1}), (discovery.ID{2}); a.Compare(b) != -1 || b.Compare(a) != 1 || a.Compare(a) != 0 {
		t.Error("ids are not ordered as their digits are")
	}
	for _, bad := range []string{"", "12", id.String() + "0", "g" + id.String()[1:], strings.Repeat("ö", 16), long(1000)} {
		if got, err := discovery.ParseID(bad); err == nil || got != (discovery.ID{}) || len(err.Error()) > 200 {
			t.Errorf("%q was read as %s, error %v", bad, got, err)
		}
	}
}

// A copy shares nothing, and equal is what says the same.
func TestCloneAndEqual(t *testing.T) {
	in := instance("tcp://a.example:1", "tcp://b.example:1")
	same := in.Clone()
	if !same.Equal(&in) {
		t.Error("a copy is not equal")
	}
	same.Endpoints[0], same.Metadata["by"] = "", ""
	if in.Endpoints[0] == "" || in.Metadata["by"] == "" {
		t.Error("a copy shares memory")
	}
	for name, edit := range map[string]func(*discovery.Instance){
		"id":        func(in *discovery.Instance) { in.ID = discovery.NewID() },
		"service":   func(in *discovery.Instance) { in.Service += "x" },
		"realm":     func(in *discovery.Instance) { in.Realm += "x" },
		"name":      func(in *discovery.Instance) { in.Name += "x" },
		"type":      func(in *discovery.Instance) { in.SocketType += "x" },
		"host":      func(in *discovery.Instance) { in.Host += "x" },
		"version":   func(in *discovery.Instance) { in.Version++ },
		"order":     func(in *discovery.Instance) { in.Endpoints[0], in.Endpoints[1] = in.Endpoints[1], in.Endpoints[0] },
		"endpoints": func(in *discovery.Instance) { in.Endpoints = in.Endpoints[:1] },
		"metadata":  func(in *discovery.Instance) { in.Metadata["by"] += "x" },
	} {
		other := in.Clone()
		edit(&other)
		if other.Equal(&in) || in.Equal(&other) {
			t.Errorf("%s: equal though it differs", name)
		}
	}
}

func TestEventString(t *testing.T) {
	in := instance("tcp://a.example:1")
	in.ID, in.Name = discovery.ID{15: 1}, "wörker"
	for want, e := range map[string]discovery.Event{
		`added orders 00000000000000000000000000000001 "wörker" at [tcp://a.example:1]`:      {Kind: discovery.Added, Instance: in},
		`removed orders 00000000000000000000000000000001 "wörker": brokerless: said goodbye`: {Kind: discovery.Removed, Instance: in, Err: discovery.ErrLeft},
		`synced`: {Kind: discovery.Synced},
		`warning: brokerless: too many instances`: {Kind: discovery.Warning, Err: discovery.ErrFull},
		`kind 0`:  {},
		`kind 77`: {Kind: 77},
	} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("000102030405060708090a0b0c0d0e0f")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := discovery.ParseID(text)
		if err == nil && !strings.EqualFold(id.String(), text) {
			t.Errorf("%q was read as %s", text, id)
		}
	})
}

// FuzzValidate gives an instance any text: what is valid is within the bounds,
// and an error never quotes much.
func FuzzValidate(f *testing.F) {
	f.Add("orders", "worker", "tcp://a.example:1", "key", "value")
	f.Add("\xff", "", "tcp://[::1%]:0", "=", "\x00")
	f.Fuzz(func(t *testing.T, service, name, endpoint, key, value string) {
		in := discovery.Instance{
			ID: discovery.ID{1}, Service: service, Name: name, Endpoints: []string{endpoint}, Metadata: map[string]string{key: value},
		}
		err := in.Validate()
		switch {
		case err == nil && len(service)+len(name)+len(endpoint)+len(key)+len(value)+4 > discovery.MaxSize:
			t.Errorf("%+v is valid", in)
		case err != nil && (!errors.Is(err, discovery.ErrInstance) || len(err.Error()) > 1500):
			t.Errorf("error of %d octets: %v", len(err.Error()), err)
		}
	})
}
