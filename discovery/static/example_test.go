package static_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/static"
)

func ExampleNew() {
	b, err := static.New(static.Endpoints("orders", "PULL", "tcp://a.example:5555")...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	w, err := b.Watch(context.Background(), "orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	for e, err := range w.Events(context.Background()) {
		if err != nil || e.Kind == discovery.Synced {
			break
		}
		fmt.Println(e.Kind, e.Instance.Service, e.Instance.Endpoints)
	}
	// Output: added orders [tcp://a.example:5555]
}

func ExampleFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "instances.json")
	list := `[
	  {"service": "orders", "type": "PULL", "name": "first", "endpoints": ["tcp://a.example:5555"]}
	]`
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	b, err := static.File(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	w, err := b.Watch(context.Background(), "orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := w.Next(context.Background())
	fmt.Println(e.Kind, e.Instance.Name, e.Instance.Endpoints, err)
	// Output: added first [tcp://a.example:5555] <nil>
}
