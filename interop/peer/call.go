package peer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

var errEnded = errors.New("peer: the process has ended")

// request is one request as it goes over the pipe: a line of JSON, then the
// octets of the frames.
type request struct {
	Op     string         `json:"op"`
	Args   map[string]any `json:"args"`
	Sizes  []int          `json:"frames"`
	frames [][]byte
}

// answer is what comes back, in the same form.
type answer struct {
	head
	line   []byte
	frames [][]byte
	err    error // of the pipe
}

// head is what every answer's line has.
type head struct {
	Error string `json:"error"` // of libzmq, as "EAGAIN"
	Late  bool   `json:"late"`  // the time was up
	Sizes []int  `json:"frames"`
}

// errLate says that what was waited for did not happen in time.
var errLate = errors.New("peer: time is up")

// call sends a request, waits for its answer and puts that into result unless
// it is nil. The process may take duration for it.
func (p *Peer) call(op string, args map[string]any, frames [][]byte, duration time.Duration, result any) ([][]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return nil, p.broken
	}
	r := request{Op: op, Args: args, frames: frames}
	for _, f := range frames {
		r.Sizes = append(r.Sizes, len(f))
	}
	t := time.NewTimer(duration + grace)
	defer t.Stop()
	var a answer
	p.requests <- r // somebody reads them until broken is set
	select {
	case a = <-p.answers:
	case <-t.C:
		p.kill()
		a = <-p.answers
		a.err = fmt.Errorf("peer: no answer to %q within %v", op, duration+grace)
	}
	if a.err != nil {
		p.broken = a.err
		close(p.requests)
		return nil, a.err
	}
	switch {
	case a.Error != "":
		return nil, fmt.Errorf("peer: %s: %w", op, Errno(a.Error))
	case a.Late:
		return nil, errLate
	case result != nil:
		if err := json.Unmarshal(a.line, result); err != nil {
			return nil, fmt.Errorf("peer: answer %q to %q: %w", a.line, op, err)
		}
	}
	return a.frames, nil
}

// Errno is the name of an error that libzmq returned, as in "EADDRINUSE".
type Errno string

// Error returns the name.
func (e Errno) Error() string { return string(e) }

// retire lets no more requests through.
func (p *Peer) retire(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken == nil {
		p.broken = why
		close(p.requests)
	}
}

// converse carries requests to the process and its answers back until no more
// come. After an error of the pipe every answer is that error.
func (p *Peer) converse(w io.Writer, r io.Reader) {
	in := bufio.NewReader(r)
	for req := range p.requests {
		p.answers <- p.exchange(w, in, req)
	}
	_, _ = io.Copy(io.Discard, in) // to its end: the process must not wait for a reader
}

func (p *Peer) exchange(w io.Writer, in *bufio.Reader, req request) (a answer) {
	defer func() {
		if a.err != nil {
			a.err = fmt.Errorf("%w: %w\n%s", errEnded, a.err, p.stderr)
		}
	}()
	line, err := json.Marshal(req)
	if err != nil {
		return answer{err: err}
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return answer{err: err}
	}
	for _, f := range req.frames {
		if _, err := w.Write(f); err != nil {
			return answer{err: err}
		}
	}
	if a.line, err = in.ReadBytes('\n'); err != nil {
		return answer{err: err}
	}
	if err := json.Unmarshal(a.line, &a.head); err != nil {
		return answer{err: err}
	}
	for _, n := range a.Sizes {
		f := make([]byte, n)
		if _, err := io.ReadFull(in, f); err != nil {
			return answer{err: err}
		}
		a.frames = append(a.frames, f)
	}
	return a
}
