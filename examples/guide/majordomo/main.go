// Majordomo is a broker of services: clients ask for a service by its name, and
// the broker hands each request to one of the workers that offer it.
//
// Without a role it runs a broker, workers of two services and some clients in
// one process, over TCP. With one it is that part, on this machine or another,
// beside programs in other languages that speak the Majordomo Protocol. See
// README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/brokerless/brokerless/examples/guide/mdp"
	"github.com/brokerless/brokerless/socket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) { // which is Ctrl-C
		fmt.Fprintln(os.Stderr, "majordomo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		role    = flag.String("role", "", "broker, worker or client; none runs all of them")
		bind    = flag.String("bind", "tcp://127.0.0.1:0", "broker: endpoint to listen on")
		connect = flag.String("connect", "", "worker, client: endpoint of the broker")
		service = flag.String("service", "upper", "worker, client: upper or count")
		text    = flag.String("text", "hello", "client: what to send")
		timeout = flag.Duration("timeout", 5*time.Second, "client: how long to wait")
	)
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case services[*service] == nil && *role == "worker":
		return fmt.Errorf("-service %q: want upper or count", *service)
	case *connect == "" && (*role == "worker" || *role == "client"):
		return errors.New("-connect is missing")
	}
	switch *role {
	case "":
		return demonstrate(ctx)
	case "broker":
		b, err := mdp.NewBroker(*bind)
		if err != nil {
			return err
		}
		fmt.Println("broker at", b.Endpoint())
		return b.Run(ctx)
	case "worker":
		w, err := mdp.NewWorker(*connect, *service, services[*service])
		if err != nil {
			return err
		}
		return w.Run(ctx)
	case "client":
		c, err := mdp.NewClient(*connect)
		if err != nil {
			return err
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(ctx, *timeout)
		defer cancel()
		reply, err := c.Request(ctx, *service, []byte(*text))
		if err != nil {
			return err
		}
		fmt.Println(string(reply[0]))
		return nil
	}
	return fmt.Errorf("-role %q: want broker, worker or client", *role)
}

// services are what the workers of this program can do.
var services = map[string]mdp.Handler{
	"upper": func(_ context.Context, request socket.Message) (socket.Message, error) {
		return socket.Message{[]byte(strings.ToUpper(string(request[0])))}, nil
	},
	"count": func(_ context.Context, request socket.Message) (socket.Message, error) {
		return socket.Message{fmt.Appendf(nil, "%d", len(request[0]))}, nil
	},
}
