package examples_test

import (
	"strings"
	"testing"
)

func TestWeather(t *testing.T) {
	out := succeed(t, "weather", "-reports", "4", "-every", "1ms")
	wantLines(t, out,
		`reader of "europe/" +europe/berlin +23 °C`,
		`reader of "europe/" +got 8 reports of 2 stations`,
		`reader of "asia/,europe/lis" +got 8 reports of 2 stations`,
		`reader of "" +got 12 reports of 3 stations`,
	)
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, `reader of "europe/"`) && strings.Contains(line, "tokyo") {
			t.Errorf("a reader of europe/ got %q", line)
		}
	}
}

func TestWeatherByHand(t *testing.T) {
	berlin := start(t, "weather", "-station", "europe/berlin", "-reports", "2", "-every", "1ms")
	tokyo := start(t, "weather", "-station", "asia/tokyo", "-reports", "2", "-every", "1ms")
	endpoints := berlin.expect(t, `is at (.*)`)[1] + "," + tokyo.expect(t, `is at (.*)`)[1]
	reader := start(t, "weather", "-regions", "europe/,asia/", "-connect", endpoints)
	for _, station := range []*part{berlin, tokyo} {
		if stderr, code := station.end(); code != 0 {
			t.Errorf("a station ended with code %d: %s", code, stderr)
		}
	}
	seen := map[string]int{}
	for range 4 {
		seen[reader.expect(t, `(europe/berlin|asia/tokyo) +\d+ °C`)[1]]++
	}
	if seen["europe/berlin"] != 2 || seen["asia/tokyo"] != 2 {
		t.Errorf("got %v, want 2 reports of each station", seen)
	}
}
