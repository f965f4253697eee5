package pattern

import (
	"errors"
	"fmt"
)

// ErrState says that a REQ or REP socket was asked for what is not its turn: REQ sends, then receives, and so on
// (RR-02); REP receives, then sends (RR-20). The errors of [Requester] and [Replier] match it and say which turn it
// is.
var ErrState = errors.New("out of turn")

var (
	errReplyAwaited = fmt.Errorf("%w: the reply to the last request has not been received", ErrState)
	errNoRequestOut = fmt.Errorf("%w: no request has been sent", ErrState)
	errReplyOwed    = fmt.Errorf("%w: the last request has not been replied to", ErrState)
	errNoRequestIn  = fmt.Errorf("%w: no request has been received", ErrState)
)
