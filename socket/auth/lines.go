package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

var errNotUTF8 = errors.New("not UTF-8")

// eachLine calls do with each line of a text, without blanks around it, that is
// neither empty nor a comment. The first error ends it, with the number of the
// line in front.
func eachLine(text []byte, do func(line string) error) error {
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		err := errNotUTF8
		if utf8.ValidString(line) {
			err = do(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}

// checkUser refuses names that would not be seen for what they are in a log.
func checkUser(name string) error {
	if name == "" {
		return errors.New("no user name")
	}
	for _, r := range name {
		if !unicode.IsGraphic(r) {
			return fmt.Errorf("user name %q, want printable characters", name)
		}
	}
	return nil
}
