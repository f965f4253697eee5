package examples_test

import (
	"strings"
	"testing"
)

func TestPipeline(t *testing.T) {
	out := succeed(t, "pipeline", "-items", "20000", "-workers", "3", "-size", "100")
	wantLines(t, out,
		`ventilator +pid \d+, listening on tcp://127\.0\.0\.1:\d+`,
		`sink +pid \d+, listening on tcp://127\.0\.0\.1:\d+`,
		`█{10}░{10}  50 % +10000 items .* items/s`,
		`█{20} 100 % +20000 items .* items/s`,
		`worker 1 +\d+ items .*`,
		`worker 2 +\d+ items .*`,
		`worker 3 +\d+ items .*`,
		`all 20000 items arrived exactly once, each with a right answer`,
	)
}

// The parts find each other across machines just as well; here they are
// started one by one, the workers first.
func TestPipelineByHand(t *testing.T) {
	const items = "5000"
	ventilator := start(t, "pipeline", "-role", "ventilator", "-items", items, "-workers", "2")
	sink := start(t, "pipeline", "-role", "sink", "-items", items)
	connect := ventilator.expect(t, `listening on (.*)`)[1]
	results := sink.expect(t, `listening on (.*)`)[1]
	for _, name := range []string{"left", "right"} {
		start(t, "pipeline", "-role", "worker", "-name", name, "-connect", connect, "-results", results)
	}
	sink.expect(t, `^left +\d+ items`)
	sink.expect(t, `^right +\d+ items`)
	sink.expect(t, `^all 5000 items arrived exactly once`)
}

// Half of the items never arrive, for the ventilator was told to send fewer.
func TestPipelineTellsWhatIsMissing(t *testing.T) {
	ventilator := start(t, "pipeline", "-role", "ventilator", "-items", "500", "-workers", "1")
	sink := start(t, "pipeline", "-role", "sink", "-items", "1000", "-patience", "2s")
	start(t, "pipeline", "-role", "worker",
		"-connect", ventilator.expect(t, `listening on (.*)`)[1],
		"-results", sink.expect(t, `listening on (.*)`)[1])
	stderr, code := sink.end()
	if want := "500 of 1000 items are missing, the first is number 500"; code != 1 || !strings.Contains(stderr, want) {
		t.Errorf("the sink ended with code %d, %q, want 1 and %q", code, stderr, want)
	}
}

func TestPipelineRefusesBadFlags(t *testing.T) {
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"-role", "boss"}, `-role "boss": want ventilator, worker or sink`},
		{[]string{"-role", "worker"}, "a worker needs -connect and -results"},
		{[]string{"-items", "0"}, "want at least 1"},
		{[]string{"-size", "7"}, "-size 7: want 8 to"},
		{[]string{"now"}, `unexpected argument "now"`},
		{[]string{"-role", "sink", "-bind", "tcp//x"}, `missing "://"`},
	}
	for _, tt := range tests {
		_, stderr, code := run(t, "pipeline", tt.args...)
		if code != 1 || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: code %d, %q, want %q", tt.args, code, stderr, tt.want)
		}
	}
}
