// Package lan has only tests: of discovery between several hosts, which are
// network namespaces on bridges of their own, and with programs for multicast
// DNS and ZRE that nobody here wrote. See README.md for what it needs and what it tells.
package lan
