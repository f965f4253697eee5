package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/brokerless/brokerless/discovery"
)

// watch prints what happens, and has who is here greeted, until ctx is done.
func watch(ctx context.Context, b discovery.Backend, service string, v *visitor) error {
	w, err := b.Watch(ctx, service)
	if err != nil {
		return err
	}
	defer w.Close()
	here := make(map[discovery.ID]string) // their services
	for e, err := range w.Events(ctx) {
		if err != nil {
			return err
		}
		switch e.Kind {
		case discovery.Added:
			here[e.Instance.ID] = e.Instance.Service
			v.visit(ctx, &e.Instance)
		case discovery.Updated:
			here[e.Instance.ID] = e.Instance.Service
		case discovery.Removed:
			delete(here, e.Instance.ID)
		case discovery.Synced:
			fmt.Printf("%-8s %s; now for the changes\n", e.Kind, census(here))
			continue
		}
		fmt.Println(line(e, v.options.id))
	}
	return nil
}

// census says how many instances of which services there are.
func census(here map[discovery.ID]string) string {
	counts := make(map[string]int)
	for _, service := range here {
		counts[service]++
	}
	var all []string
	for _, service := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d of %s", counts[service], printable(service)))
	}
	if len(all) == 0 {
		return "nobody here yet"
	}
	return "here are " + strings.Join(all, ", ")
}

// line returns an event as a line of text. What others chose is escaped, so
// that it cannot play tricks on the terminal.
func line(e discovery.Event, self discovery.ID) string {
	s := fmt.Sprintf("%-8s", e.Kind)
	in := &e.Instance
	if in.ID != (discovery.ID{}) { // a Warning need not be about one
		s += fmt.Sprintf(" %-12s %-18q %-6s %s", printable(in.Service), in.Name, printable(in.SocketType),
			printable(strings.Join(in.Endpoints, " ")))
	}
	switch {
	case in.ID == self:
		s += " (this process)"
	case in.Host != "" && in.Host == discovery.Host():
		s += " (this host)"
	}
	if e.Err != nil {
		s += ": " + reason(e.Err)
	}
	return s
}

// reason returns an error as part of a line.
func reason(err error) string {
	s := strings.TrimPrefix(err.Error(), "brokerless: ")
	return printable(strings.ReplaceAll(s, "\n", "; ")) // of several, each is on a line of its own
}

// printable returns s with what is not printable escaped.
func printable(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}
