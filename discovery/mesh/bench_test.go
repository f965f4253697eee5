package mesh

import "testing"

func BenchmarkCall(b *testing.B) {
	var h hub
	ns := h.full(b, 2)
	serve(b, ns[1], echo)
	body := make([]byte, 100)
	ctx := b.Context()
	if _, err := ns[0].Call(ctx, "work", body); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := ns[0].Call(ctx, "work", body); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
