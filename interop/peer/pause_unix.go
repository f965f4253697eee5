//go:build unix

package peer

import "syscall"

// Pause stops the process where it is (SIGSTOP): its connections stay open and
// fall silent.
func (p *Peer) Pause() error { return p.process.Signal(syscall.SIGSTOP) }

// Resume lets a stopped process go on (SIGCONT).
func (p *Peer) Resume() error { return p.process.Signal(syscall.SIGCONT) }
