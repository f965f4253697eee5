package curve

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// maxFile is the longest key file that is read, in octets.
const maxFile = 64 << 10

// ReadKeyPair reads a key pair from a file that [WriteKeyPair] or pyzmq's
// zmq.auth.create_certificates (NAME.key_secret) or czmq (NAME_secret) has
// written. A file that anybody but its owner may read, write or execute is
// refused, other than on Windows, where the mode does not tell.
func ReadKeyPair(file string) (KeyPair, error) {
	pair, err := readPair(file)
	if err != nil {
		return KeyPair{}, fmt.Errorf("key pair in %s: %w", file, err)
	}
	return pair, nil
}

func readPair(file string) (KeyPair, error) {
	c, mode, err := read(file)
	switch {
	case err != nil:
		return KeyPair{}, err
	case c.secret.missing():
		return KeyPair{}, errors.New("no secret key in it: it is for others to know this side by")
	case mode&0o077 != 0 && runtime.GOOS != "windows":
		return KeyPair{}, fmt.Errorf("mode %04o lets others than the owner at the secret key, expected 0600: "+
			"chmod 600 it, and take a new pair if others may have seen this one", mode)
	case !c.hasPublic:
		c.public = c.secret.Public()
	}
	pair := KeyPair{Public: c.public, Secret: c.secret}
	if err := pair.Validate(); err != nil {
		return KeyPair{}, err
	}
	return pair, nil
}

// ReadKey reads the public key from a file that [WriteKey], [WriteKeyPair],
// pyzmq (NAME.key) or czmq has written.
func ReadKey(file string) (Key, error) {
	c, _, err := read(file)
	if err == nil && !c.hasPublic {
		err = errors.New("none in it")
	}
	if err != nil {
		return Key{}, fmt.Errorf("public key in %s: %w", file, err)
	}
	return c.public, nil
}

// read returns what is in a file, and the mode of that file, whatever its name
// leads to by then.
func read(file string) (c certificate, mode os.FileMode, err error) {
	f, err := os.Open(file)
	if err != nil {
		return c, 0, unwrapPath(err)
	}
	defer f.Close() //nolint:errcheck // of a file that was only read
	info, err := f.Stat()
	if err != nil {
		return c, 0, unwrapPath(err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return c, 0, unwrapPath(err)
	}
	if len(text) > maxFile {
		return c, 0, fmt.Errorf("over %d octets, expected a key file", maxFile)
	}
	c, err = parseCertificate(string(text))
	return c, info.Mode().Perm(), err
}

// unwrapPath takes the file's name off an error that will be given it again.
func unwrapPath(err error) error {
	if e := new(os.PathError); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// WriteKeyPair writes both keys to a new file that only its owner can read, with
// mode 0600. A file that is there already is left as it is, and is an error that
// matches fs.ErrExist.
func WriteKeyPair(file string, pair KeyPair) error {
	err := pair.Validate()
	if err == nil {
		err = write(file, 0o600, secretCertificate(pair))
	}
	if err != nil {
		return fmt.Errorf("key pair to %s: %w", file, err)
	}
	return nil
}

// WriteKey writes a public key to a new file, for everybody to read. A file that
// is there already is left as it is, and is an error that matches fs.ErrExist.
func WriteKey(file string, key Key) error {
	if err := write(file, 0o644, publicCertificate(key)); err != nil {
		return fmt.Errorf("public key to %s: %w", file, err)
	}
	return nil
}

// write writes a whole file, or none.
func write(file string, mode os.FileMode, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return unwrapPath(err)
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return unwrapPath(errors.Join(err, os.Remove(file)))
	}
	return nil
}
