package mdns

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/grandcat/zeroconf"

	"github.com/brokerless/brokerless/internal/lan"
)

// browse asks once on each link, with a resolver that is used for this round
// alone: a second round of one would not tell of what has changed. Over links
// without an IPv4 address it asks over IPv6.
func browse(ctx context.Context, links []lan.Link, found func(label string)) error {
	var four, six []net.Interface
	for _, l := range links {
		if l.HasIPv4() {
			four = append(four, l.Interface)
		} else {
			six = append(six, l.Interface)
		}
	}
	var all sync.WaitGroup
	var errs [2]error
	if len(four) > 0 {
		all.Go(func() { errs[0] = browseOver(ctx, zeroconf.IPv4, four, found) })
	}
	if len(six) > 0 {
		all.Go(func() { errs[1] = browseOver(ctx, zeroconf.IPv6, six, found) })
	}
	all.Wait()
	return errors.Join(errs[:]...)
}

// browseOver returns when the resolver has ended: it closes the channel, which
// nobody else sees and which is read until then, for the resolver would wait for
// its reader for ever.
func browseOver(ctx context.Context, traffic zeroconf.IPType, interfaces []net.Interface, found func(label string)) error {
	r, err := zeroconf.NewResolver(zeroconf.SelectIfaces(interfaces), zeroconf.SelectIPTraffic(traffic))
	if err != nil {
		return err
	}
	entries := make(chan *zeroconf.ServiceEntry, 64)
	err = r.Browse(ctx, browseType, "local.", entries)
	for e := range entries { // also after an error, which ends it at once
		found(e.Instance)
	}
	return err
}
