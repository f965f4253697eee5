package mdns

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/brokerless/brokerless/discovery"
)

// The keys of the TXT record. They are not case-sensitive (RFC 6763 section 6.4).
const (
	keyVersion  = "v"
	keyService  = "svc"
	keyRealm    = "realm"
	keyName     = "name"
	keyType     = "type"
	keyHost     = "host"
	keyEndpoint = "e"  // and a digit
	keyMetadata = "m." // and the key of the metadata, as it was written
)

// maxString is how many octets a string of a TXT record holds.
const maxString = 255

// A text is what the TXT record of an instance says.
type text struct {
	version                                int
	service, realm, name, socketType, host string
	endpoints                              []string
	derived                                bool // no endpoints were given: they are those of SRV, A and AAAA
	metadata                               map[string]string
}

// encodeText returns the strings of the TXT record of an instance.
func encodeText(in *discovery.Instance) []string {
	var all []string
	add := func(key, value string) {
		s := key + "=" + value
		for len(s) > maxString {
			all = append(all, s[:maxString])
			s = "=" + s[maxString:]
		}
		all = append(all, s)
	}
	version := in.Version
	if version == 0 {
		version = discovery.Version
	}
	add(keyVersion, strconv.Itoa(version))
	for _, f := range [...]struct{ key, value string }{
		{keyService, in.Service}, {keyRealm, in.Realm}, {keyName, in.Name}, {keyType, in.SocketType}, {keyHost, in.Host},
	} {
		if f.value != "" {
			add(f.key, f.value)
		}
	}
	switch {
	case len(in.Endpoints) == 0:
		add(keyEndpoint+"0", "")
	case len(in.Endpoints) == 1 && strings.HasPrefix(in.Endpoints[0], "tcp://[::]:"): // as SRV, A and AAAA say
	default:
		for i, e := range in.Endpoints {
			add(keyEndpoint+strconv.Itoa(i), e)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(in.Metadata)) {
		add(keyMetadata+k, in.Metadata[k])
	}
	return all
}

// decodeText reads the strings of a TXT record. Keys that it does not know, and
// those that come again, are skipped.
func decodeText(all []string) (text, error) {
	d := textDecoder{t: text{version: discovery.Version}, seen: make(map[string]bool)}
	for _, s := range all {
		if rest, ok := strings.CutPrefix(s, "="); ok {
			if d.value != nil {
				d.value.WriteString(rest)
			}
			continue
		}
		if err := d.flush(); err != nil {
			return text{}, err
		}
		d.begin(s)
	}
	if err := d.flush(); err != nil {
		return text{}, err
	}
	d.finish()
	if d.t.service == "" {
		return text{}, fmt.Errorf("no key %q in its TXT record", keyService)
	}
	return d.t, nil
}

// A textDecoder holds the value that may go on in the next string.
type textDecoder struct {
	t         text
	key       string
	value     *strings.Builder // nil while skipping
	seen      map[string]bool
	endpoints [discovery.MaxEndpoints]string
	given     bool // there was an endpoint
}

func (d *textDecoder) begin(s string) {
	key, value, _ := strings.Cut(s, "=")
	if n := len(keyMetadata); len(key) > n && strings.EqualFold(key[:n], keyMetadata) {
		key = keyMetadata + key[n:]
	} else {
		key = strings.ToLower(key)
	}
	if key == "" || d.seen[key] || len(d.seen) > 4*discovery.MaxMetadata {
		d.value = nil
		return
	}
	d.seen[key] = true
	d.key, d.value = key, &strings.Builder{}
	d.value.WriteString(value)
}

func (d *textDecoder) flush() error {
	if d.value == nil {
		return nil
	}
	value := d.value.String()
	d.value = nil
	if len(value) > discovery.MaxSize {
		return fmt.Errorf("%d octets for key %q of its TXT record: want at most %d", len(value), clip(d.key), discovery.MaxSize)
	}
	switch d.key {
	case keyVersion:
		n, err := strconv.ParseUint(value, 10, 10)
		if err != nil || n == 0 {
			return fmt.Errorf("version %q in its TXT record: want a number", clip(value))
		}
		d.t.version = int(n)
	case keyService:
		d.t.service = value
	case keyRealm:
		d.t.realm = value
	case keyName:
		d.t.name = value
	case keyType:
		d.t.socketType = value
	case keyHost:
		d.t.host = value
	default:
		if k, ok := strings.CutPrefix(d.key, keyMetadata); ok && k != "" {
			if d.t.metadata == nil {
				d.t.metadata = make(map[string]string)
			}
			d.t.metadata[k] = value
			if len(d.t.metadata) > discovery.MaxMetadata {
				return fmt.Errorf("more than %d entries of metadata in its TXT record", discovery.MaxMetadata)
			}
			return nil
		}
		n, ok := strings.CutPrefix(d.key, keyEndpoint)
		if ok && len(n) == 1 && n[0] >= '0' && n[0] < '0'+discovery.MaxEndpoints {
			d.endpoints[n[0]-'0'], d.given = value, true
		}
	}
	return nil
}

func (d *textDecoder) finish() {
	d.t.derived = !d.given
	for _, e := range d.endpoints {
		if e != "" {
			d.t.endpoints = append(d.t.endpoints, e)
		}
	}
}

// clip shortens what is quoted in an error.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
