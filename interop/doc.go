// Package interop has only tests: of the sockets against implementations that
// nobody here wrote. See README.md for what runs against what.
package interop
