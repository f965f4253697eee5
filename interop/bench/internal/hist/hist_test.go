package hist_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/brokerless/brokerless/interop/bench/internal/hist"
)

func TestBucket(t *testing.T) {
	for _, c := range []struct {
		value  uint64
		bucket int
	}{
		{0, 0},
		{1, 1},
		{63, 63},
		{64, 64},
		{127, 127},
		{128, 128},
		{129, 128},
		{130, 129},
		{255, 191},
		{256, 192},
		{1_000_000, 13*64 + 1_000_000>>13},
		{math.MaxUint64, hist.Buckets - 1},
	} {
		if got := hist.Bucket(c.value); got != c.bucket {
			t.Errorf("Bucket(%d) = %d, want %d", c.value, got, c.bucket)
		}
	}
}

// A bucket's lower end is in the bucket, and the value before it in the one
// before.
func TestBucketAndLowerAreInverse(t *testing.T) {
	for b := range hist.Buckets {
		low := hist.Lower(b)
		if got := hist.Bucket(low); got != b {
			t.Fatalf("Bucket(Lower(%d)) = %d", b, got)
		}
		if b > 0 {
			if got := hist.Bucket(low - 1); got != b-1 {
				t.Fatalf("Bucket(Lower(%d)-1) = %d", b, got)
			}
		}
	}
}

func TestLowerIsWithinTheWidthOfABucket(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		v := random.Uint64() >> random.IntN(64)
		low := hist.Lower(hist.Bucket(v))
		if low > v || float64(v-low) > 0.016*float64(v) {
			t.Fatalf("Lower(Bucket(%d)) = %d", v, low)
		}
	}
}

func TestQuantile(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var h hist.Histogram
	values := make([]uint64, 10_000)
	for i := range values {
		values[i] = uint64(math.Exp(random.NormFloat64()) * 50_000)
		h.Add(values[i])
	}
	slices.Sort(values)
	for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		want := float64(values[max(0, int(math.Ceil(q*float64(len(values))))-1)])
		if got := float64(h.Quantile(q)); math.Abs(got-want) > 0.016*want {
			t.Errorf("Quantile(%v) = %v, want %v", q, got, want)
		}
	}
}

func TestQuantileOfNothing(t *testing.T) {
	if got := new(hist.Histogram).Quantile(0.5); got != 0 {
		t.Errorf("Quantile(0.5) = %d, want 0", got)
	}
}

func TestMerge(t *testing.T) {
	var both, low, high hist.Histogram
	for v := range uint64(1000) {
		both.Add(v)
		if v < 300 {
			low.Add(v)
		} else {
			high.Add(v)
		}
	}
	low.Merge(&high)
	if low.Count() != 1000 {
		t.Errorf("Count() = %d after the merge, want 1000", low.Count())
	}
	for q := range 101 {
		q := float64(q) / 100
		if got, want := low.Quantile(q), both.Quantile(q); got != want {
			t.Errorf("Quantile(%v) = %d after the merge, want %d", q, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	var h hist.Histogram
	for _, v := range []uint64{5, 5, 1000, 70_000} {
		h.Add(v)
	}
	text, err := json.Marshal(&h)
	if err != nil {
		t.Fatal(err)
	}
	if want := "[[5,2],[317,1],[708,1]]"; string(text) != want {
		t.Errorf("Marshal = %s, want %s", text, want)
	}
	var back hist.Histogram
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if back.Count() != 4 || back.Quantile(1) != h.Quantile(1) {
		t.Errorf("came back with %d values up to %d, want 4 up to %d", back.Count(), back.Quantile(1), h.Quantile(1))
	}
}

func TestJSONOfNothing(t *testing.T) {
	text, err := json.Marshal(new(hist.Histogram))
	if err != nil || string(text) != "[]" {
		t.Errorf("Marshal = %s, %v, want []", text, err)
	}
}

func TestUnmarshalJSONRefuses(t *testing.T) {
	for _, text := range []string{`[[3776,1]]`, `[[-1,1]]`, `{}`, `[["5",1]]`} {
		if err := json.Unmarshal([]byte(text), new(hist.Histogram)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestRecorder(t *testing.T) {
	var r hist.Recorder
	r.Record(10)
	before := r.Snapshot()
	r.Record(20)
	r.Record(20)
	h := r.Snapshot().Since(before)
	if h.Count() != 2 || h.Quantile(0) != 20 {
		t.Errorf("%d values from %d, want 2 from 20", h.Count(), h.Quantile(0))
	}
}

func BenchmarkRecord(b *testing.B) {
	var r hist.Recorder
	var v uint64
	for b.Loop() {
		v += 997
		r.Record(v & 0xfffff)
	}
}
