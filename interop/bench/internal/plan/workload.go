// Package plan says what is measured: the workloads, who takes part in them,
// which numbers come of them, and what these are held against.
package plan

import (
	"strconv"
	"strings"
)

// Kind is the way in which a workload is conducted.
type Kind int

const (
	// Window workloads run until they are warm, and are then watched for a
	// while. Their rate is what the receiver counted in that window.
	Window Kind = iota
	// Connect workloads are timed from the moment at which sockets are asked
	// for to the arrival of the first message of the last one.
	Connect
	// Idle workloads are set up like Connect workloads. The memory of their
	// processes is looked at before and after.
	Idle
)

// socketsPerProcess bounds the sockets of one connecting process, so that its
// file descriptors stay within what systems allow by default.
const socketsPerProcess = 2500

// Workload is one thing that is measured, for all implementations alike. The
// zero value of a field leaves its flag out, and so means the default of the
// children.
type Workload struct {
	Name      string // such as throughput/tcp/16
	Kind      Kind
	Binder    string // role of the process that binds, and starts first
	Connector string // role of the processes that connect
	Transport string // tcp, ipc or inproc

	Size          int    // octets a frame
	Frames        int    // frames a message
	Senders       int    // goroutines or threads that send on one socket
	Sockets       int    // PUSH sockets in all
	Pattern       string // of ask and echo: reqrep or dealerrouter
	Inflight      int    // requests under way at once
	Rate          int    // requests a second; 0: as fast as replies come
	Subscribers   int    // SUB sockets
	Subscriptions int    // topics in all
	HWM           int    // high-water mark each way, in messages
	Curve         bool   // encrypted: who binds is the server

	Scale   float64  // what its neighbours in the group have otherwise: the x of plots
	Targets []Target // what brokerless is held against
}

// Group is the first element of the name.
func (w Workload) Group() string {
	group, _, _ := strings.Cut(w.Name, "/")
	return group
}

// Unit is what the workload's rate counts.
func (w Workload) Unit() string {
	switch {
	case w.Kind != Window:
		return "connections"
	case w.Connector == "ask":
		return "round trips"
	case w.Connector == "sub":
		return "deliveries"
	default:
		return "messages"
	}
}

// ReceiverBinds reports whether the process that binds is the one that counts.
func (w Workload) ReceiverBinds() bool { return w.Binder == "pull" }

// Process is one process of a workload.
type Process struct {
	Roles []string // two for a transport within the process
	Flags []string // all flags but the endpoint
}

// Processes returns the processes of the workload, the one that binds first.
// Within a process there is only one.
func (w Workload) Processes() []Process {
	if w.Transport == "inproc" {
		roles := []string{w.Binder, w.Connector}
		return []Process{{Roles: roles, Flags: w.flags(roles, w.Sockets)}}
	}
	list := []Process{{Roles: []string{w.Binder}, Flags: w.flags([]string{w.Binder}, 0)}}
	roles := []string{w.Connector}
	left := w.Sockets
	for {
		sockets := min(left, socketsPerProcess)
		list = append(list, Process{Roles: roles, Flags: w.flags(roles, sockets)})
		left -= sockets
		if left <= 0 {
			return list
		}
	}
}

// flags spells the workload out for a process in these roles, with that many
// PUSH sockets of its own.
func (w Workload) flags(roles []string, sockets int) []string {
	flags := []string{"-roles", strings.Join(roles, ","), "-transport", w.Transport}
	number := func(name string, value int) {
		if value != 0 {
			flags = append(flags, name, strconv.Itoa(value))
		}
	}
	number("-size", w.Size)
	number("-frames", w.Frames)
	number("-senders", w.Senders)
	number("-sockets", sockets)
	number("-inflight", w.Inflight)
	number("-rate", w.Rate)
	number("-subscribers", w.Subscribers)
	number("-subscriptions", w.Subscriptions)
	number("-hwm", w.HWM)
	if w.Pattern != "" {
		flags = append(flags, "-pattern", w.Pattern)
	}
	if w.Curve {
		flags = append(flags, "-server-key", serverKey, "-server-secret", serverSecret)
	}
	if w.Kind != Window {
		if roles[0] == w.Binder {
			number("-expect", w.Sockets)
		}
		if roles[len(roles)-1] == w.Connector {
			flags = append(flags, "-once")
		}
	}
	return flags
}
