package tcp

import (
	"math"
	"time"
)

// Options of the sockets themselves. Where the operating system does not have one, Dial and Listen fail with an error
// that matches errors.ErrUnsupported.

// WithReceiveBuffer asks the kernel for a receive buffer (SO_RCVBUF) of that many octets on every connection. The
// kernel may round or cap it. Default, and for 0 or less: the operating system's, which grows by itself on Linux; a
// fixed size stops that.
func WithReceiveBuffer(octets int) Option {
	return func(t *Transport) { t.integer(settingReceiveBuffer, octets, setReceiveBuffer) }
}

// WithSendBuffer asks the kernel for a send buffer (SO_SNDBUF) of that many octets on every connection. The kernel may
// round or cap it. Default, and for 0 or less: the operating system's, which grows by itself on Linux; a fixed size
// stops that.
func WithSendBuffer(octets int) Option {
	return func(t *Transport) { t.integer(settingSendBuffer, octets, setSendBuffer) }
}

// WithUserTimeout sets for how long what was sent may stay unacknowledged before the kernel gives the connection up
// (TCP_USER_TIMEOUT, RFC 5482; ZMQ_TCP_MAXRT), in milliseconds, rounded up. While there is something to send, it goes
// before keep-alive. Default, and for 0 or less: the operating system's, some 15 minutes on Linux. Linux only.
func WithUserTimeout(d time.Duration) Option {
	return func(t *Transport) {
		t.integer(settingUserTimeout, units(d, time.Millisecond), setUserTimeout)
	}
}

// WithTOS marks every packet with that octet in its header: Type of Service in IPv4, Traffic Class in IPv6, of which
// the upper six bits are the DSCP of RFC 2474 (ZMQ_TOS). TCP itself uses the lower two. Default, and for 0: the
// operating system's. Unix only.
func WithTOS(octet uint8) Option {
	return func(t *Transport) {
		if octet == 0 {
			t.set(settingTrafficClass, nil)
			return
		}
		t.set(settingTrafficClass, func(fd uintptr, v6 bool) error { return setTrafficClass(fd, v6, int(octet)) })
	}
}

// WithPriority sets the priority of packets in the queues of this host (SO_PRIORITY, ZMQ_PRIORITY): 1 to 6, and above
// with the capability CAP_NET_ADMIN. Default, and for 0 or less: what WithTOS comes to. Linux only.
func WithPriority(n int) Option {
	return func(t *Transport) { t.integer(settingPriority, n, setPriority) }
}

// WithDevice sends and receives through one network device alone, or in its VRF, whatever the routes say
// (SO_BINDTODEVICE, ZMQ_BINDTODEVICE). Older kernels want the capability CAP_NET_RAW. Default, and for "": any device.
// Linux only.
func WithDevice(name string) Option {
	return func(t *Transport) {
		if name == "" {
			t.set(settingDevice, nil)
			return
		}
		t.set(settingDevice, func(fd uintptr, _ bool) error { return setDevice(fd, name) })
	}
}

// WithBusyPoll has the kernel poll the device for so long before it sleeps for want of data (SO_BUSY_POLL,
// ZMQ_BUSY_POLL), in microseconds, rounded up: less latency for more processor time, if the device can do it. It takes
// the capability CAP_NET_ADMIN. Default, and for 0 or less: the operating system's, mostly none. Linux only.
func WithBusyPoll(d time.Duration) Option {
	return func(t *Transport) {
		t.integer(settingBusyPoll, units(d, time.Microsecond), setBusyPoll)
	}
}

// units returns how many units d has, rounded up.
func units(d, unit time.Duration) int { return int(min((max(d, 0)+unit-1)/unit, math.MaxInt32)) }
