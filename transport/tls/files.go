package tls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// period is how often files are looked at, at most.
	period = time.Second

	// settled is how old a change must be before the time of a file tells it from the next one: some file systems count in
	// steps of two seconds.
	settled = 2500 * time.Millisecond

	// maxFile is how large a file may be, in octets.
	maxFile = 4 << 20
)

// Files is a certificate with its key, and those who sign the certificates of peers, in files of PEM. For each new
// connection it looks whether they have changed, at most once a second, and reads them again if so; connections that are
// there stay. If they cannot be read any more, or do not fit together, what was in force stays, and a warning is logged.
// It is safe for use by many transports at once.
type Files struct {
	certificate, key, authorities string

	mu     sync.Mutex
	have   *material
	looked time.Time
	infos  []os.FileInfo // as they were read; nil: to be read again in any case
	told   string        // the error of last time
}

// material is what the files had.
type material struct {
	pair  *tls.Certificate // nil: none
	roots *x509.CertPool   // nil: those of the system
}

// LoadFiles reads a certificate chain and its key, and the certificates of the authorities that peers' certificates must
// be signed by. With authorities, a server lets nobody in who shows no such certificate; without (""), it asks for none,
// and a client trusts whom the system trusts. A client that shows no certificate has neither certificate nor key ("").
func LoadFiles(certificate, key, authorities string) (*Files, error) {
	f := &Files{certificate: certificate, key: key, authorities: authorities, looked: time.Now()}
	if err := f.look(); err != nil {
		return nil, fmt.Errorf("brokerless: certificates: %w", err)
	}
	return f, nil
}

// Server returns the configuration of a server by what the files have now.
func (f *Files) Server() (*tls.Config, error) {
	m := f.current()
	if m.pair == nil {
		return nil, errors.New("no certificate: a server needs one")
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*m.pair}}
	if m.roots != nil {
		c.ClientCAs, c.ClientAuth = m.roots, tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// Client returns the configuration of a client by what the files have now.
func (f *Files) Client() (*tls.Config, error) {
	m := f.current()
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: m.roots}
	if m.pair != nil {
		c.Certificates = []tls.Certificate{*m.pair}
	}
	return c, nil
}

func (f *Files) current() *material {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if now.Sub(f.looked) < period {
		return f.have
	}
	f.looked = now
	err := f.look()
	if err == nil {
		f.told = ""
		return f.have
	}
	f.infos = nil
	if err.Error() != f.told {
		f.told = err.Error()
		slog.Default().Warn(fmt.Sprintf("brokerless: certificates: %v; what was in force before stays", err))
	}
	return f.have
}

// look reads the files if they have changed.
func (f *Files) look() error {
	var infos []os.FileInfo
	fresh := false
	for _, path := range []string{f.certificate, f.key, f.authorities} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxFile {
			return &os.PathError{Op: "open", Path: path, Err: fmt.Errorf("not a regular file of at most %d octets", maxFile)}
		}
		infos = append(infos, info)
		fresh = fresh || time.Since(info.ModTime()) < settled
	}
	if f.infos != nil && same(f.infos, infos) {
		return nil
	}
	m, err := f.read()
	if err != nil {
		return err
	}
	f.have, f.infos = m, infos
	if fresh {
		f.infos = nil
	}
	return nil
}

func same(a, b []os.FileInfo) bool {
	for i := range a {
		if !os.SameFile(a[i], b[i]) || a[i].Size() != b[i].Size() || !a[i].ModTime().Equal(b[i].ModTime()) {
			return false
		}
	}
	return true
}

func (f *Files) read() (*material, error) {
	m := new(material)
	if f.certificate != "" || f.key != "" {
		pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			return nil, err
		}
		m.pair = &pair
	}
	if f.authorities == "" {
		return m, nil
	}
	text, err := os.ReadFile(f.authorities)
	if err != nil {
		return nil, err
	}
	m.roots = x509.NewCertPool()
	if !m.roots.AppendCertsFromPEM(text) {
		return nil, &os.PathError{Op: "read", Path: f.authorities, Err: errors.New("no certificate in it")}
	}
	return m, nil
}
