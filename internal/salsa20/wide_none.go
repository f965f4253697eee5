//go:build !amd64 || purego

package salsa20

const hasQuads = false

func hasWide() bool { return false }

func xorGroups(_, _ *byte, _ int, _ *[16]uint32) { panic("salsa20: no AVX2") }
