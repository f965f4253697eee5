//go:build !purego

package salsa20

import "golang.org/x/sys/cpu"

// hasQuads tells that golang.org/x/crypto makes four blocks at once.
const hasQuads = true

// hasWide tells that xorGroups works.
func hasWide() bool { return cpu.X86.HasAVX2 }

// xorGroups encrypts groups, one at least, from src to dst. Start is what the first
// block is made of, whose number it changes; word 8 must not overflow.
//
//go:noescape
func xorGroups(dst, src *byte, groups int, start *[16]uint32)
