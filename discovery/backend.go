package discovery

import "context"

// A Backend makes instances known to others, and knows those of others. Its
// methods are safe for concurrent use.
type Backend interface {
	// Announce makes the instance known until the announcement is closed. It
	// returns when the announcement is on its way; ctx limits how long that may
	// take, and not the life of the announcement. An instance that is not valid is
	// refused with ErrInstance. A backend that only reads returns ErrUnsupported.
	Announce(ctx context.Context, in Instance) (Announcement, error)

	// Watch tells of the instances of a service, or of all services if it is
	// empty, until ctx is done or the watcher is closed. What is known already
	// comes first.
	Watch(ctx context.Context, service string) (*Watcher, error)

	// Close withdraws all announcements and ends all watchers with ErrClosed. It
	// waits for every goroutine of the backend; again: nil.
	Close() error
}

// An Announcement is an instance that is being made known.
type Announcement interface {
	// Update changes what is said of the instance. Its ID stays: that of in is not
	// looked at.
	Update(ctx context.Context, in Instance) error
	// Close withdraws the instance, and tells others so where the backend can.
	// Again: nil.
	Close() error
}
