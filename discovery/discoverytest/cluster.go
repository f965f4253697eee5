package discoverytest

import (
	"runtime"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

// A Cluster is where the backends of one subtest find each other, and says
// what the suite cannot know of them.
type Cluster struct {
	// Backend returns one more backend, which finds what the others of the
	// cluster announce, or what is published. The suite closes it. Required.
	Backend func(t testing.TB) discovery.Backend

	// Publish is for backends that only read: it makes these instances, and no
	// others, the ones that they find, as by writing a file. Backends of a cluster
	// with Publish must refuse to announce, with ErrUnsupported.
	Publish func(t testing.TB, all []discovery.Instance)

	// Seen returns what a watcher is told of an instance, where it is not all of
	// it: a backend that finds addresses alone knows no names. Instances that
	// differ must be seen as different, or as the same one with other contents.
	// Default: the instance as it is.
	Seen func(in discovery.Instance) discovery.Instance

	// Service is the only service there can be, for backends that are made for
	// one. Default: there are as many as one likes.
	Service string

	// Endpoints is how many endpoints an instance may have at most. The first is
	// of the form tcp://127.0.0.1:port, others are tcp with names and ipc.
	// Default: discovery.MaxEndpoints.
	Endpoints int

	// Silent is for backends that are not told when an instance goes, and notice
	// it after some time: they say ErrExpired, where others must say ErrLeft.
	Silent bool

	// Gradual is for backends that learn of a change in parts: it may be told as
	// several changes, the last of which is all of it.
	Gradual bool

	// Steps is how many random changes the subtests make that make many.
	// Default: 300.
	Steps int

	// Patience is how long the suite waits for what should happen, before it
	// calls it a failure. Default: 15 s.
	Patience time.Duration
}

// Run runs the suite, one subtest a promise, each in a cluster of its own from
// newCluster, which may use t.Cleanup. Only one run at a time makes sense in a
// process, and no parallel tests beside it: the last subtest counts goroutines.
func Run(t *testing.T, newCluster func(t *testing.T) Cluster) {
	before := runtime.NumGoroutine()
	var patience time.Duration
	for _, test := range []struct {
		name string
		run  func(*town)
	}{
		{"Announce", testAnnounce},
		{"AnnounceLargest", testAnnounceLargest},
		{"Copies", testCopies},
		{"OwnInstances", testOwnInstances},
		{"SyncedWhenEmpty", testSyncedWhenEmpty},
		{"LateWatcher", testLateWatcher},
		{"Update", testUpdate},
		{"Withdraw", testWithdraw},
		{"CloseWithdraws", testCloseWithdraws},
		{"Restart", testRestart},
		{"Services", testServices},
		{"Fifty", testFifty},
		{"Churn", testChurn},
		{"SlowWatcher", testSlowWatcher},
		{"ConcurrentUse", testConcurrentUse},
		{"WatcherCloses", testWatcherCloses},
		{"ContextOfWatch", testContextOfWatch},
		{"ContextOfNext", testContextOfNext},
		{"CloseEndsWatchers", testCloseEndsWatchers},
		{"Closed", testClosed},
		{"AnnouncementCloses", testAnnouncementCloses},
		{"BadInstance", testBadInstance},
		{"ReadOnly", testReadOnly},
	} {
		t.Run(test.name, func(t *testing.T) {
			town := newTown(t, newCluster(t))
			patience = max(patience, town.Patience)
			test.run(town)
		})
	}
	t.Run("NoGoroutineLeft", func(t *testing.T) { testNoGoroutineLeft(t, before, patience) })
}

// testNoGoroutineLeft waits until there are no more goroutines than before the
// run. Those that were told to end may need a moment, which nothing announces,
// so it looks again and again.
func testNoGoroutineLeft(t *testing.T, before int, patience time.Duration) {
	before++ // this subtest's own
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; <-ticker.C {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before the run:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
