package conduct

import (
	"strings"
	"sync"
)

// words is a writer that keeps the beginning of what is written: what a child
// says on its standard error, which is normally one line.
type words struct {
	mu   sync.Mutex
	kept []byte
}

// wordsSize is how many octets are kept.
const wordsSize = 8 << 10

// Write keeps what there is room for, and never fails.
func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, p[:min(len(p), wordsSize-len(w.kept))]...)
	return len(p), nil
}

// last returns the line that says why the child ended: the first one of a
// panic, or else the last one.
func (w *words) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.TrimSpace(string(w.kept))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return strings.TrimSpace(line)
		}
	}
	return text[strings.LastIndexByte(text, '\n')+1:]
}
