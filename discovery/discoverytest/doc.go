// Package discoverytest is the suite that every discovery backend passes,
// those of this module and those of others, and a [Network] in memory for the
// tests of programs. A backend runs the suite from its own tests:
//
//	func TestBackend(t *testing.T) {
//		discoverytest.Run(t, func(t *testing.T) discoverytest.Cluster {
//			town := newTown(t) // where backends of this one test meet
//			return discoverytest.Cluster{
//				Backend: func(t testing.TB) discovery.Backend { return town.backend(t) },
//			}
//		})
//	}
//
// What backends may do differently is declared in the [Cluster], never
// guessed: a failure to announce is a failure unless the backend only reads.
package discoverytest
