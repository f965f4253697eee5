package queue

import "testing"

// A slab has room for what is asked of it, little more, and goes back to where
// slabs of its size are looked for.
func TestSlabClass(t *testing.T) {
	const largest = 1 << maxSlabBits
	sizes := []int{LargeBody, LargeBody + 1, 20480, 20481, 24576, 24577, 28672, 28673, 32768, 32769, largest - 1, largest}
	for n := LargeBody; n < largest; n += n/97 + 1 {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		class, size := slabClass(n)
		if class < 0 || class >= len(slabs) || size < n || size > n+n/4 {
			t.Errorf("%d octets: class %d of %d, size %d", n, class, len(slabs), size)
			continue
		}
		if c, s := slabClass(size); c != class || s != size {
			t.Errorf("%d octets: class %d and size %d, for which they are %d and %d", n, class, size, c, s)
		}
		if c, _ := slabClass(size + 1); c == class {
			t.Errorf("%d and %d octets share class %d", n, size+1, class)
		}
	}
	if class, size := slabClass(largest + 1); class != -1 || size != largest+1 {
		t.Errorf("%d octets: class %d, size %d, want none and no more than asked for", largest+1, class, size)
	}
}

// Memory is used again only once all who hold it have given it up.
func TestSlabReferences(t *testing.T) {
	s := newSlab(LargeBody + 1)
	s.fill(make([]byte, LargeBody+1))
	s.refs++
	s.release()
	for range 100 {
		if other := newSlab(LargeBody + 1); other == s {
			t.Fatal("memory that is still held is used again")
		}
	}
	if len(s.buf) != LargeBody+1 || cap(s.buf) != 20480 {
		t.Errorf("%d octets in %d, want %d in 20480", len(s.buf), cap(s.buf), LargeBody+1)
	}
}
