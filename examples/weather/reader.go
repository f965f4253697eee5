package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// read prints the reports of the regions until so many stations have signed
// off, or ctx is done.
func read(ctx context.Context, regions, endpoints []string, stations int) error {
	sub, err := socket.NewSub()
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := sub.Subscribe(regions...); err != nil {
		return err
	}
	for _, e := range endpoints {
		if err := sub.Connect(e); err != nil {
			return err
		}
	}
	reader := fmt.Sprintf("reader of %q", strings.Join(regions, ","))
	reports := make(map[string]int)
	total, off := 0, 0
	for off != stations {
		m, err := sub.Recv(ctx)
		if err != nil {
			return err
		}
		name := string(m[0])
		if len(m) == 1 {
			off++
			continue
		}
		reports[name]++
		total++
		fmt.Printf("%-28s %-14s %s\n", reader, name, m[1])
	}
	fmt.Printf("%-28s got %d reports of %d stations\n", reader, total, len(reports))
	return nil
}
