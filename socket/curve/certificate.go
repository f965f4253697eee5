package curve

import (
	"fmt"
	"strings"
)

// certificate is what is in a key file: ZPL (RFC 4), as czmq and pyzmq write it.
//
//	metadata
//	    name = value
//	curve
//	    public-key = "..."
//	    secret-key = "..."
type certificate struct {
	public    Key
	hasPublic bool
	secret    SecretKey
}

// The keys' names, and the section that they are in.
const (
	keySection = "curve"
	publicName = "public-key"
	secretName = "secret-key"
)

// parseCertificate reads the section of keys and passes over all others. An
// error tells the line, not what is in it.
func parseCertificate(text string) (c certificate, err error) {
	section := ""
	for i, line := range strings.Split(text, "\n") {
		name, value := parseLine(line)
		switch {
		case name == "":
			continue
		case line[0] != ' ' && line[0] != '\t':
			section = name
			continue
		case section != keySection:
			continue
		}
		switch name {
		case publicName:
			if c.hasPublic {
				return certificate{}, fmt.Errorf("line %d: a second %s", i+1, publicName)
			}
			c.public, err = ParseKey(value)
			c.hasPublic = true
		case secretName:
			if c.secret.octets != nil {
				return certificate{}, fmt.Errorf("line %d: a second %s", i+1, secretName)
			}
			c.secret, err = ParseSecretKey(value)
		}
		if err != nil {
			return certificate{}, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if !c.hasPublic && c.secret.octets == nil {
		return c, fmt.Errorf("no %s and no %s in a section %q, expected a key file of CURVE", publicName, secretName, keySection)
	}
	return c, nil
}

// parseLine returns the name that a line begins with, "" if there is none, and
// its value without quotes.
func parseLine(line string) (name, value string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", ""
	}
	name, value, _ = strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if value != "" && (value[0] == '"' || value[0] == '\'') {
		value, _, _ = strings.Cut(value[1:], value[:1]) // a comment may follow
		return name, value
	}
	value, _, _ = strings.Cut(value, " ")
	return name, value
}

func secretCertificate(pair KeyPair) string {
	return fmt.Sprintf("# CURVE key pair. It is for its owner alone: do not copy it, nor change its mode.\n\n"+
		"metadata\n%s\n    %s = \"%v\"\n    %s = \"%s\"\n", keySection, publicName, pair.Public, secretName, pair.Secret.Reveal())
}

func publicCertificate(key Key) string {
	return fmt.Sprintf("# CURVE public key. It is for everybody who is to know its owner.\n\n"+
		"metadata\n%s\n    %s = \"%v\"\n", keySection, publicName, key)
}
