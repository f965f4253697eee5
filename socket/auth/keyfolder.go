package auth

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// certificate is how the names of certificates end.
const certificate = ".key"

// KeyFolder is [KeyFile] for a folder of certificates as pyzmq's zmq.auth
// makes them: each file whose name ends in ".key" has one public key; other
// files are left alone, so also those with secret keys, which end in
// ".key_secret". The name of the file without the ending is the user id. All
// files are looked at together: if one cannot be read or makes no sense, what
// was in force stays.
//
//	curve
//	    public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
func KeyFolder(path string, opts ...FileOption) (socket.Authenticator, error) {
	list := func() ([]string, error) { return certificates(path) }
	return newKeyFiles(newWatched("folder of keys "+path, list, parseCertificates, opts))
}

// certificates returns the paths of the certificates in a folder, in order.
func certificates(folder string) ([]string, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	if err := checkMode(folder, info); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, certificate) && !strings.HasPrefix(name, ".") {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

func parseCertificates(files []file) (keyList, error) {
	list := make(keyList, len(files))
	for _, f := range files {
		k, err := parseCertificate(f.text)
		user := strings.TrimSuffix(filepath.Base(f.path), certificate)
		if err == nil {
			err = checkUser(user)
		}
		if err == nil {
			err = list.add(k, user)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return list, nil
}

// parseCertificate reads the public key in the section "curve". Sections stand
// at the start of a line, what is in them has blanks in front.
func parseCertificate(text []byte) (k key, err error) {
	section, found := "", false
	for line := range strings.Lines(string(text)) {
		word := strings.TrimSpace(line)
		if word == "" || word[0] == '#' {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			section = word
			continue
		}
		name, value, _ := strings.Cut(word, "=")
		if section != "curve" || strings.TrimSpace(name) != "public-key" {
			continue
		}
		if found {
			return k, errors.New("two public keys")
		}
		found = true
		if k, err = parseKey(strings.Trim(value, " \t\"'")); err != nil {
			return k, err
		}
	}
	if !found {
		return k, errors.New(`no public-key in a section "curve"`)
	}
	return k, nil
}
