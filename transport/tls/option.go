package tls

import (
	"crypto/tls"

	"github.com/brokerless/brokerless/transport"
)

// Option sets something about a [Transport]. Options apply in order, the last of a kind wins.
type Option func(*Transport)

// WithServerConfig sets how to be a server, which who listens is: at least a certificate; ClientAuth and ClientCAs to
// have clients show theirs. Config is not copied and must not be changed afterwards; its GetCertificate and
// GetConfigForClient are called for each connection.
func WithServerConfig(config *tls.Config) Option {
	return func(t *Transport) { t.server = func() (*tls.Config, error) { return config, nil } }
}

// WithClientConfig sets how to be a client, which who dials is. Without a ServerName each server must have a certificate
// for the host that was dialled. Config is not copied and must not be changed afterwards. The default is at least TLS
// 1.2, and to trust whom the system trusts.
func WithClientConfig(config *tls.Config) Option {
	return func(t *Transport) { t.client = func() (*tls.Config, error) { return config, nil } }
}

// WithFiles sets both sides by files, which are read again when they change: see [Files].
func WithFiles(f *Files) Option {
	return func(t *Transport) { t.server, t.client = f.Server, f.Client }
}

// WithCarrier sets what carries the encrypted octets. The default is tcp.New(); its addresses are those of this
// transport.
func WithCarrier(below transport.Transport) Option {
	return func(t *Transport) { t.below = below }
}
