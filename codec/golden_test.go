package codec_test

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/codec"
)

// interpreter is the Python that Debian's python3-msgpack belongs to.
const interpreter = "/usr/bin/python3"

// A sampleOrder is what a golden file has.
type sampleOrder struct {
	ID     int64            `msgpack:"id" json:"id"`
	Item   string           `msgpack:"item" json:"item"`
	Price  float64          `msgpack:"price" json:"price"`
	Tags   []string         `msgpack:"tags" json:"tags"`
	Counts map[string]int64 `msgpack:"counts" json:"counts"`
	Raw    []byte           `msgpack:"raw" json:"raw"`
	At     time.Time        `msgpack:"at" json:"at"`
	Note   *string          `msgpack:"note" json:"note"`
	Done   bool             `msgpack:"done" json:"done"`
}

// samples are those of testdata/check.py.
func samples() map[string]sampleOrder {
	counts := make(map[string]int64)
	for i := range int64(20) {
		counts["n"+strconv.FormatInt(i, 10)] = i * 1e12
	}
	tags := make([]string, 20)
	for i := range tags {
		tags[i] = strings.Repeat("x", 300)
	}
	raw := make([]byte, 512)
	for i := range raw {
		raw[i] = byte(i)
	}
	note, none, n := "with milk", "", "n"
	return map[string]sampleOrder{
		"empty": {Tags: []string{}, Counts: map[string]int64{}, Raw: []byte{}, At: time.Unix(0, 0)},
		"small": {
			ID: 7, Item: "tea", Price: 2.5, Tags: []string{"hot", "green"}, Counts: map[string]int64{"a": 1, "b": -1}, Raw: []byte{0, 1, 0xff},
			At: time.Date(2026, 11, 22, 12, 30, 15, 0, time.UTC), Note: &note, Done: true,
		},
		"wide": {
			ID: math.MaxInt64, Item: strings.Repeat("grüße \U0001f375", 40), Price: -1e300, Tags: tags, Counts: counts, Raw: raw,
			At: time.Date(2500, 1, 1, 0, 0, 0, 250e6, time.UTC), Note: &none, Done: true,
		},
		"negative": {
			ID: math.MinInt64, Item: "\x00", Price: 0.1, Tags: []string{""}, Counts: map[string]int64{"": math.MinInt32}, Raw: []byte{0x80},
			At: time.Date(1901, 2, 3, 4, 5, 6, 0, time.UTC), Note: &n,
		},
	}
}

// codecs are those that have golden files, by the ending of these.
func codecs() map[string]codec.Codec[sampleOrder] {
	return map[string]codec.Codec[sampleOrder]{
		".msgpack": codec.MsgPack[sampleOrder](codec.WithKnownFields()),
		".json":    codec.JSON[sampleOrder](codec.WithKnownFields()),
	}
}

// python runs testdata/check.py, or skips the test where that cannot be.
func python(t *testing.T, args ...string) {
	t.Helper()
	if err := exec.Command(interpreter, "-c", "import msgpack").Run(); err != nil {
		if os.Getenv("BROKERLESS_INTEROP") == "require" {
			t.Fatal("msgpack for Python is missing: apt-get install python3-msgpack")
		}
		t.Skip("msgpack for Python is missing: apt-get install python3-msgpack")
	}
	out, err := exec.Command(interpreter, append([]string{"testdata/check.py"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Log("peer: " + strings.TrimSpace(string(out)))
}

// same reports whether two samples stand for the same: times have no zone.
func same(a, b sampleOrder) bool {
	if !a.At.Equal(b.At) {
		return false
	}
	a.At, b.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// What Python wrote is what Go reads, kept in the repository or new.
func TestGoldenFiles(t *testing.T) {
	readGolden(t, "testdata/golden")
}

func readGolden(t *testing.T, folder string) {
	t.Helper()
	for ending, c := range codecs() {
		for name, want := range samples() {
			var got sampleOrder
			if err := c.Decode(sure(os.ReadFile(filepath.Join(folder, name+ending))), &got); err != nil {
				t.Error(err)
			} else if !same(got, want) {
				t.Errorf("%s%s: got %+v, want %+v", name, ending, got, want)
			}
		}
	}
}

func TestPythonReadsGoldenFiles(t *testing.T) { python(t, "read", "testdata/golden") }

func TestPythonWrites(t *testing.T) {
	folder := t.TempDir()
	python(t, "write", folder)
	readGolden(t, folder)
}

func TestPythonReads(t *testing.T) {
	folder := t.TempDir()
	for ending, c := range codecs() {
		for name, v := range samples() {
			v.At = v.At.UTC()
			if err := os.WriteFile(filepath.Join(folder, name+ending), sure(c.Append(nil, v)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	python(t, "read", folder)
}
