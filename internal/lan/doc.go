// Package lan tells which links of this host others can be reached by, the
// addresses it has there, and when that changes.
//
// It leaves out what leads nowhere now, having no carrier, and what only leads
// back to this host or to one other: loopback, point-to-point links, and the
// bridges and ends of cables that containers, virtual machines and tunnels make.
// Whoever wants one of these names it.
package lan
