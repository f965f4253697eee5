package tcp

import (
	"net"
	"syscall"
)

// A setting sets one option of a fresh socket, which v6 says is one of IPv6.
type setting func(fd uintptr, v6 bool) error

// The kinds of settings, in the order in which they are made. A traffic class changes the priority, which therefore
// comes after it.
const (
	settingReceiveBuffer = iota
	settingSendBuffer
	settingUserTimeout
	settingTrafficClass
	settingPriority
	settingDevice
	settingBusyPoll
	settings
)

// set remembers a setting, or nil for what the operating system has.
func (t *Transport) set(kind int, s setting) { t.settings[kind] = s }

// integer is set for a number, where 0 and less stand for what the operating system has.
func (t *Transport) integer(kind, n int, set func(fd uintptr, n int) error) {
	if n <= 0 {
		t.set(kind, nil)
		return
	}
	t.set(kind, func(fd uintptr, _ bool) error { return set(fd, n) })
}

// control returns what to do to a fresh socket before it is bound or connected, or nil for nothing. Buffer sizes must
// be set that early, for they decide the window scale that is agreed on in the first packets; accepted connections
// inherit all settings from the listener but the priority.
func (t *Transport) control(reuse bool) func(network, address string, c syscall.RawConn) error {
	some := reuse
	for _, s := range t.settings {
		some = some || s != nil
	}
	if !some {
		return nil
	}
	return func(network, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = t.prepare(fd, network == "tcp6", reuse) })
		if err != nil {
			return err
		}
		return failed
	}
}

func (t *Transport) prepare(fd uintptr, v6, reuse bool) error {
	for _, s := range t.settings {
		if s == nil {
			continue
		}
		if err := s(fd, v6); err != nil {
			return err
		}
	}
	if reuse {
		return setReuseAddress(fd)
	}
	return nil
}

// A marking listener makes a setting on each connection that it accepts, which does not inherit it.
type marking struct {
	*net.TCPListener
	mark setting
}

// Accept returns the next connection, a *net.TCPConn.
func (l *marking) Accept() (net.Conn, error) {
	conn, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		var failed error
		if err = raw.Control(func(fd uintptr) { failed = l.mark(fd, false) }); err == nil {
			err = failed
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, &net.OpError{Op: "accept", Net: scheme, Addr: l.Addr(), Err: err}
	}
	return conn, nil
}
