package discoverytest_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/discoverytest"
)

// broken is a backend of a network with one promise broken. A nil hook changes
// nothing.
type broken struct {
	discovery.Backend
	announce func(context.Context, discovery.Instance) (discovery.Announcement, error)
	watch    func(context.Context, string) (*discovery.Watcher, error)
	close    func() error
	wrap     func(discovery.Announcement) discovery.Announcement
}

func (b *broken) Announce(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
	announce := b.Backend.Announce
	if b.announce != nil {
		announce = b.announce
	}
	a, err := announce(ctx, in)
	if err == nil && b.wrap != nil {
		a = b.wrap(a)
	}
	return a, err
}

func (b *broken) Watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	if b.watch != nil {
		return b.watch(ctx, service)
	}
	return b.Backend.Watch(ctx, service)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Backend.Close()
}

// odd is an announcement with other methods. A nil hook changes nothing.
type odd struct {
	discovery.Announcement
	update func(context.Context, discovery.Instance) error
	close  func() error
}

func (o *odd) Update(ctx context.Context, in discovery.Instance) error {
	if o.update != nil {
		return o.update(ctx, in)
	}
	return o.Announcement.Update(ctx, in)
}

func (o *odd) Close() error {
	if o.close != nil {
		return o.close()
	}
	return o.Announcement.Close()
}

// faults break one promise each, by the subtests of which at least one must
// find it.
var faults = map[string]func(b *broken){
	"Announce AnnounceLargest": func(b *broken) { // loses the host
		inner := b.Backend
		b.announce = func(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
			in.Host = ""
			return inner.Announce(ctx, in)
		}
	},
	"AnnounceLargest": func(b *broken) { // has less room
		inner := b.Backend
		b.announce = func(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
			for k, v := range in.Metadata {
				if len(v) > 255 {
					in.Metadata = maps.Clone(in.Metadata)
					in.Metadata[k] = v[:255]
				}
			}
			return inner.Announce(ctx, in)
		}
	},
	"Update": func(b *broken) { // D-2: tells nobody
		b.wrap = func(a discovery.Announcement) discovery.Announcement {
			return &odd{Announcement: a, update: func(context.Context, discovery.Instance) error { return nil }}
		}
	},
	"Withdraw": func(b *broken) { // D-1: tells nobody
		b.wrap = func(a discovery.Announcement) discovery.Announcement {
			return &odd{Announcement: a, close: func() error { return nil }}
		}
	},
	"CloseWithdraws CloseEndsWatchers": func(b *broken) { b.close = func() error { return nil } },
	"Services": func(b *broken) { // sees all
		inner := b.Backend
		b.watch = func(ctx context.Context, _ string) (*discovery.Watcher, error) { return inner.Watch(ctx, "") }
	},
	"SyncedWhenEmpty": func(b *broken) { // never comes to an end
		inner := b.Backend
		b.watch = func(ctx context.Context, service string) (*discovery.Watcher, error) {
			w, err := inner.Watch(ctx, service)
			if err == nil {
				_, err = w.Next(ctx)
			}
			return w, err
		}
	},
	"ContextOfWatch": func(b *broken) {
		inner := b.Backend
		b.watch = func(ctx context.Context, service string) (*discovery.Watcher, error) {
			return inner.Watch(context.WithoutCancel(ctx), service)
		}
	},
	"Closed": func(b *broken) {
		closed := false
		inner := b.Backend
		b.close = func() error {
			if closed {
				return errors.New("closed already")
			}
			closed = true
			return inner.Close()
		}
	},
	"AnnouncementCloses": func(b *broken) {
		b.wrap = func(a discovery.Announcement) discovery.Announcement {
			return &odd{Announcement: a, update: func(ctx context.Context, in discovery.Instance) error {
				if err := a.Update(ctx, in); !errors.Is(err, discovery.ErrClosed) {
					return err
				}
				return nil
			}}
		}
	},
	"BadInstance": func(b *broken) {
		inner := b.Backend
		b.announce = func(ctx context.Context, in discovery.Instance) (discovery.Announcement, error) {
			a, err := inner.Announce(ctx, in)
			if errors.Is(err, discovery.ErrInstance) {
				err = errors.New("no")
			}
			return a, err
		}
	},
	"OwnInstances": func(b *broken) { // does not see itself
		var other discoverytest.Network
		b.watch = other.Backend().Watch
	},
	"NoGoroutineLeft": func(b *broken) {
		inner := b.Backend
		b.close = func() error {
			go func() { <-forever }()
			return inner.Close()
		}
	},
}

var forever = make(chan struct{})

// TestSuiteFindsFaults runs the suite on each broken backend, in a process of
// its own, and wants it to fail where the promise is tested.
func TestSuiteFindsFaults(t *testing.T) {
	if name := os.Getenv("BROKERLESS_DISCOVERYTEST_FAULT"); name != "" {
		discoverytest.Run(t, func(*testing.T) discoverytest.Cluster {
			var network discoverytest.Network
			return discoverytest.Cluster{
				Patience: 200 * time.Millisecond,
				Backend: func(testing.TB) discovery.Backend {
					b := &broken{Backend: network.Backend()}
					faults[name](b)
					return b
				},
			}
		})
		return
	}
	for _, names := range slices.Sorted(maps.Keys(faults)) {
		t.Run(names, func(t *testing.T) {
			subtests := strings.ReplaceAll(names, " ", "|")
			run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuiteFindsFaults$/^("+subtests+")$", "-test.v")
			run.Env = append(os.Environ(), "BROKERLESS_DISCOVERYTEST_FAULT="+names)
			if names == "NoGoroutineLeft" { // needs others before it
				run.Args[1] = "-test.run=^TestSuiteFindsFaults$/^(Announce|NoGoroutineLeft)$"
			}
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatalf("the suite passes:\n%s", out)
			}
			for name := range strings.FieldsSeq(names) {
				if !strings.Contains(string(out), "--- FAIL: TestSuiteFindsFaults/"+name+" ") {
					t.Errorf("subtest %s did not fail:\n%s", name, out)
				}
			}
		})
	}
}
