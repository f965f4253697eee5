package socket

// Process is the process at the other end of an ipc connection, as the kernel
// knows it: what it was when it connected, or when it began to listen.
type Process struct {
	PID, UID, GID int // of the process, its effective user and its effective group
}
