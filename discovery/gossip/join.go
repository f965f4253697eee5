package gossip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/brokerless/brokerless/internal/backoff"
)

const (
	joinMin = 500 * time.Millisecond // between tries to join, at first
	joinMax = 30 * time.Second       // and in the end
	joinAll = time.Minute            // between looks at the seeds when all is well

	maxTries       = 3 // addresses tried in a row
	resolveTimeout = 5 * time.Second
)

// keepJoined joins the cluster, and again the nodes that were lost and the seeds
// that are no members, until ctx is done.
func (b *Backend) keepJoined(ctx context.Context) {
	pause := backoff.Backoff{Min: joinMin, Max: joinMax}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.state.lost:
			pause.Reset()
		case <-timer.C:
			if b.joinSome(ctx) {
				pause.Reset()
				timer.Reset(joinAll)
				continue
			}
		}
		timer.Reset(pause.Next())
	}
}

// joinSome tries some of those that should be members, and reports whether
// there is no reason to try again soon.
func (b *Backend) joinSome(ctx context.Context) bool {
	seeds, failures := b.resolve(ctx)
	members, lost := b.state.addresses()
	rand.Shuffle(len(seeds), func(i, j int) { seeds[i], seeds[j] = seeds[j], seeds[i] })
	rand.Shuffle(len(lost), func(i, j int) { lost[i], lost[j] = lost[j], lost[i] })
	tries, left := 0, false
	for _, address := range alternate(seeds, lost) {
		if _, ok := members[address]; ok || ctx.Err() != nil {
			continue
		}
		if tries == maxTries {
			left = true
			break
		}
		tries++
		if _, err := b.list.Join([]string{address}); err != nil {
			if remark(err.Error()) == ErrKey { //nolint:errorlint // one of ours, not wrapped
				err = fmt.Errorf("%w: %s refuses: %w", ErrKey, address, err)
				b.state.warning("join key", err)
			}
			failures = append(failures, err)
			continue
		}
		members, _ = b.state.addresses()
		members[address] = struct{}{}
	}
	var alone error
	if len(failures) > 0 && b.state.members.Load() == 0 {
		alone = fmt.Errorf("%w: %w", ErrAlone, errors.Join(failures...))
	}
	if ctx.Err() == nil {
		b.state.setAlone(alone)
	}
	return len(failures) == 0 && !left
}

// resolve returns the addresses of all seeds but our own, and why there are
// none of some.
func (b *Backend) resolve(ctx context.Context) (addresses []string, failures []error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	for _, seed := range b.seeds {
		host, port, _ := net.SplitHostPort(seed) // WithSeeds has seen to it
		var ips []netip.Addr
		if ip, err := netip.ParseAddr(host); err == nil {
			ips = []netip.Addr{ip}
		} else if ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
			failures = append(failures, fmt.Errorf("seed %q: %w", seed, err))
			continue
		}
		for _, ip := range ips {
			address := net.JoinHostPort(ip.Unmap().WithZone("").String(), port)
			if address != b.Addr() && !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses, failures
}

// alternate returns one of a, one of b, and so on.
func alternate(a, b []string) []string {
	var all []string
	for i := range max(len(a), len(b)) {
		if i < len(a) {
			all = append(all, a[i])
		}
		if i < len(b) && !slices.Contains(a, b[i]) {
			all = append(all, b[i])
		}
	}
	return all
}
