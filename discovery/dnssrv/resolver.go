package dnssrv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/miekg/dns"
)

const (
	// roundTime is how long a round may take with all its questions.
	roundTime = time.Minute
	// maxTargets is how many targets of SRV records are looked up in a round.
	maxTargets = 256
	// parallel is how many of them at a time.
	parallel = 8
)

// A resolver finds what there is under a name. It is for one goroutine.
type resolver struct {
	settings settings
	client   client
	names    []string // where to look, by the search list
	last     string   // where it was found
}

// configure reads the system's list of servers, unless there is another.
func (r *resolver) configure() error {
	if len(r.settings.servers) > 0 {
		r.client.servers, r.names = r.settings.servers, []string{dns.Fqdn(r.settings.name)}
		return nil
	}
	config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil {
		return fmt.Errorf("brokerless: list of name servers: %w", err)
	}
	r.use(config)
	return nil
}

// use takes servers and search list from the configuration.
func (r *resolver) use(config *dns.ClientConfig) {
	r.client.servers = nil
	for _, server := range config.Servers {
		r.client.servers = append(r.client.servers, net.JoinHostPort(server, config.Port))
	}
	if len(r.client.servers) == 0 { // resolv.conf(5)
		r.client.servers = []string{net.JoinHostPort("127.0.0.1", config.Port)}
	}
	r.names = nil
	for _, name := range config.NameList(r.settings.name) {
		if _, ok := dns.IsDomainName(name); ok { // not with every suffix
			r.names = append(r.names, name)
		}
	}
}

// round finds what there is now.
func (r *resolver) round(ctx context.Context) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	_ = r.configure() // or what was read before still holds
	return r.search(ctx)
}

// search looks where the name was found last, and then along the search list,
// for the first place with records.
func (r *resolver) search(ctx context.Context) (found, error) {
	none, failed := newFound(maxEmptyAge), error(nil)
	if r.last != "" {
		f, err := r.look(ctx, r.last)
		if err != nil || f.records > 0 {
			return f, err // a failure must not send us to another place
		}
		none.age = f.age
	}
	for _, name := range r.names {
		if name == r.last {
			continue
		}
		f, err := r.look(ctx, name)
		switch {
		case err != nil && ctx.Err() != nil:
			return found{}, err
		case err != nil && r.last == "":
			failed = errors.Join(failed, err)
		case err != nil: // where it was, there is nobody: that much is known
		case f.records > 0:
			r.last = name
			return f, nil
		default:
			none.age = min(none.age, f.age)
		}
	}
	return none, failed
}

// look asks for what there is under a name without search list.
func (r *resolver) look(ctx context.Context, name string) (found, error) {
	if r.settings.port != 0 {
		return r.lookAddresses(ctx, name)
	}
	return r.lookServices(ctx, name)
}

// lookAddresses finds an instance for each address.
func (r *resolver) lookAddresses(ctx context.Context, name string) (found, error) {
	all, v4, v6 := r.client.both(ctx, name)
	f := newFound(all.age)
	f.records = len(all.all)
	if err := errors.Join(v4, v6); err != nil {
		if f.records == 0 {
			return found{}, err
		}
		f.fault(fmt.Errorf("brokerless: looking up %q: %w", name, err))
		f.unsure = func(in *discovery.Instance) bool { // those of the kind that failed
			six := strings.HasPrefix(in.Endpoints[0], "tcp://[")
			return six && v6 != nil || !six && v4 != nil
		}
	}
	for _, a := range f.addresses(all.all) {
		in := r.settings.instance(dns.CanonicalName(name), a.String(), strconv.Itoa(int(r.settings.port)))
		in.Name = a.String()
		in.Endpoints = []string{endpoint(a, r.settings.port)}
		f.add(in)
	}
	return f, nil
}

// both asks for the addresses of both kinds, and returns an error for each.
func (c *client) both(ctx context.Context, name string) (all records, v4, v6 error) {
	four, v4 := c.lookup(ctx, name, dns.TypeA)
	six, v6 := c.lookup(ctx, name, dns.TypeAAAA)
	all.all = slices.Concat(four.all, six.all)
	switch {
	case len(six.all) == 0 && len(four.all) > 0: // that there is none of the other kind
		all.age = four.age // is nothing to look after
	case len(four.all) == 0 && len(six.all) > 0:
		all.age = six.age
	default:
		all.age = min(four.age, six.age)
	}
	return all, v4, v6
}

// lookServices finds an instance for each SRV record.
func (r *resolver) lookServices(ctx context.Context, name string) (found, error) {
	answer, err := r.client.lookup(ctx, name, dns.TypeSRV)
	if err != nil {
		return found{}, err
	}
	f := newFound(answer.age)
	f.records = len(answer.all)
	list := f.usable(answer.all)
	hosts := r.hosts(ctx, &f, list, answer.extra)
	doubtful := make(map[discovery.ID]bool)
	for _, srv := range list {
		in := r.settings.instanceOf(name, srv)
		host := hosts[dns.CanonicalName(srv.Target)]
		if len(host.addresses) == 0 {
			if host.err != nil {
				doubtful[in.ID] = true
				f.fault(fmt.Errorf("brokerless: looking up %q: target %q: %w", name, srv.Target, host.err))
			} else if host.records == 0 { // else what is wrong with them has been said
				f.complain("%q: target %q: no address", name, srv.Target)
			}
			continue
		}
		for _, a := range host.addresses[:min(len(host.addresses), discovery.MaxEndpoints)] {
			in.Endpoints = append(in.Endpoints, endpoint(a, srv.Port))
		}
		f.add(in)
	}
	f.unsure = func(in *discovery.Instance) bool { return doubtful[in.ID] }
	return f, nil
}

// A host is what is known of the target of a SRV record.
type host struct {
	addresses []netip.Addr
	records   int   // how many there were, of any address
	err       error // why its addresses could not be found
}

// hosts returns what is known of the targets: what came with the answer, or
// what the servers say of them.
func (r *resolver) hosts(ctx context.Context, f *found, list []*dns.SRV, extra []dns.RR) map[string]host {
	told := make(map[string][]dns.RR)
	for _, e := range extra {
		if h := e.Header(); h.Class == dns.ClassINET && (h.Rrtype == dns.TypeA || h.Rrtype == dns.TypeAAAA) {
			owner := dns.CanonicalName(h.Name)
			told[owner] = append(told[owner], e)
		}
	}
	hosts := make(map[string]host)
	var wanted []string
	for _, srv := range list {
		target := dns.CanonicalName(srv.Target)
		if _, seen := hosts[target]; seen {
			continue
		}
		addresses := f.addresses(told[target])
		if hosts[target] = (host{addresses: addresses}); len(addresses) == 0 {
			wanted = append(wanted, target)
			continue
		}
		for _, e := range told[target] {
			f.age = min(f.age, time.Duration(e.Header().Ttl)*time.Second)
		}
	}
	for _, target := range wanted[min(len(wanted), maxTargets):] {
		hosts[target] = host{err: fmt.Errorf("more than %d targets without addresses", maxTargets)}
	}
	r.lookHosts(ctx, f, wanted[:min(len(wanted), maxTargets)], hosts)
	return hosts
}

// lookHosts asks for the addresses of the targets, a few at a time.
func (r *resolver) lookHosts(ctx context.Context, f *found, wanted []string, hosts map[string]host) {
	var mu sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, target := range wanted {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			all, v4, v6 := r.client.both(ctx, target)
			mu.Lock()
			defer mu.Unlock()
			f.age = min(f.age, all.age)
			hosts[target] = host{addresses: f.addresses(all.all), records: len(all.all), err: errors.Join(v4, v6)}
		})
	}
	group.Wait()
}
