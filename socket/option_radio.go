package socket

type radioOption func(*config)

func (o radioOption) forRadio(c *config) { o(c) }

// WithMaxGroups sets how many groups one peer may have joined. A peer that goes
// beyond is disconnected. The default is 10,000; 0 lifts the limit.
func WithMaxGroups(n int) RadioOption {
	return radioOption(func(c *config) { c.maxGroups = n })
}
