package dnssrv

import (
	"context"
	"time"

	"github.com/miekg/dns"
)

// records is an answer: the records of the kind that was asked for.
type records struct {
	all   []dns.RR
	extra []dns.RR      // of the additional section
	age   time.Duration // how long they may be used
}

// lookup asks for the records of a name. None is not an error; with one there is
// still an age, after which to try again.
func (c *client) lookup(ctx context.Context, name string, kind uint16) (records, error) {
	answer, err := c.ask(ctx, name, kind)
	if err != nil {
		return records{age: maxEmptyAge}, err
	}
	if answer.Rcode == dns.RcodeNameError {
		return records{age: emptyAge(answer)}, nil
	}
	all, age := chain(answer.Answer, name, kind)
	if len(all) == 0 {
		return records{age: emptyAge(answer)}, nil
	}
	return records{all: all, extra: answer.Extra, age: age}, nil
}

// chain returns the records of the name, or of the one it is an alias of, and
// how long all of that holds. What else a server sends is not what was asked.
func chain(all []dns.RR, name string, kind uint16) (found []dns.RR, age time.Duration) {
	const longest = 8 // aliases of aliases
	age = 1 << 31 * time.Second
	owner := dns.CanonicalName(name)
	for range longest {
		alias := ""
		for _, r := range all {
			h := r.Header()
			if h.Class != dns.ClassINET || dns.CanonicalName(h.Name) != owner {
				continue
			}
			c, isAlias := r.(*dns.CNAME)
			switch {
			case h.Rrtype == kind:
				found = append(found, r)
			case isAlias && alias == "":
				alias = dns.CanonicalName(c.Target)
			default:
				continue
			}
			age = min(age, time.Duration(h.Ttl)*time.Second)
		}
		if len(found) > 0 || alias == "" {
			break
		}
		owner = alias
	}
	return found, age
}

// emptyAge returns how long it holds that there is nothing (RFC 2308 section
// 5), which we do not believe for long.
func emptyAge(answer *dns.Msg) time.Duration {
	for _, r := range answer.Ns {
		if soa, ok := r.(*dns.SOA); ok {
			return min(time.Duration(min(soa.Hdr.Ttl, soa.Minttl))*time.Second, maxEmptyAge)
		}
	}
	return maxEmptyAge
}
