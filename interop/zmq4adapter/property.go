package zmq4adapter

import (
	"fmt"

	"github.com/go-zeromq/zmq4"

	"github.com/brokerless/brokerless/socket"
)

// SetOption sets an option of the socket: OptionSubscribe and OptionUnsubscribe
// on a SUB, with a string, at any time; OptionHWM on all, with an int of at least
// 0, before the socket is used. Subscribing twice to a prefix takes cancelling
// twice. An error matches ErrBadProperty, but for those of package socket.
func (a *adapter) SetOption(name string, value any) error {
	var err error
	switch name {
	case zmq4.OptionSubscribe, zmq4.OptionUnsubscribe:
		err = a.setTopic(name, value)
	case zmq4.OptionHWM:
		err = a.setHWM(value)
	default:
		err = fmt.Errorf("%w: there is no option %q", zmq4.ErrBadProperty, name)
	}
	if err != nil {
		return a.plain(a.fail("set option", "", cause(err)))
	}
	a.mu.Lock()
	a.props[name] = value
	a.mu.Unlock()
	return nil
}

// GetOption returns what SetOption was last given, or an error that matches
// ErrBadProperty if that was never.
func (a *adapter) GetOption(name string) (any, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, ok := a.props[name]
	if !ok {
		return nil, a.fail("get option", "", fmt.Errorf("%w: %q was not set", zmq4.ErrBadProperty, name))
	}
	return v, nil
}

func (a *adapter) setTopic(name string, value any) error {
	if a.kind != zmq4.Sub {
		return fmt.Errorf("%w: %s is of a SUB", zmq4.ErrBadProperty, name)
	}
	topic, ok := value.(string)
	if !ok {
		return fmt.Errorf("%w: %s with a %T, want a string", zmq4.ErrBadProperty, name, value)
	}
	eng, err := a.engine()
	if err != nil {
		return err
	}
	sub := eng.(*socket.Sub) // it is what newEngine makes of a SUB
	if name == zmq4.OptionUnsubscribe {
		a.topics.change(topic, -1)
		return sub.Unsubscribe(topic)
	}
	if err := sub.Subscribe(topic); err != nil {
		return err
	}
	a.topics.change(topic, 1)
	return nil
}

func (a *adapter) setHWM(value any) error {
	n, ok := value.(int)
	if !ok || n < 0 {
		return fmt.Errorf("%w: %s of %v (%[3]T), want an int of at least 0", zmq4.ErrBadProperty, zmq4.OptionHWM, value)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.eng != nil {
		return fmt.Errorf("%w: %s is set before the socket is used", zmq4.ErrBadProperty, zmq4.OptionHWM)
	}
	a.cfg.hwm = n
	return nil
}
