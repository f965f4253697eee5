// Package carrier helps transports whose connections stand on another
// connection, as TLS and WebSocket do on TCP. These keep state between a write
// and the next, and must neither lose that to a deadline nor be ended by one.
package carrier
