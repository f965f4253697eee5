package ipc

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/brokerless/brokerless/transport"
)

const wildcard = "*"

// abstract reports whether address names a socket of Linux's abstract name space (EP-22).
func abstract(address string) bool { return strings.HasPrefix(address, "@") }

func checkListen(address string) error {
	if address == wildcard {
		return nil
	}
	if reason := fault(address); reason != "" {
		return refuse(address, reason)
	}
	return nil
}

func checkDial(address string) error {
	if address == wildcard {
		return refuse(address, "the wildcard * is for listening only")
	}
	return checkListen(address)
}

func refuse(address, reason string) error {
	return &transport.EndpointError{Endpoint: scheme + "://" + address, Reason: reason}
}

// fault says what is wrong with a path or abstract name, or nothing.
func fault(address string) string {
	switch {
	case address == "":
		return "empty path"
	case len(address) > maxPath: // EP-20
		return fmt.Sprintf("path of %d octets, want at most %d", len(address), maxPath)
	case address == "@":
		return "empty abstract name"
	case abstract(address) && runtime.GOOS != "linux" && runtime.GOOS != "android":
		return "abstract names exist on Linux only"
	case !abstract(address) && strings.Contains(address, "\x00"):
		return "NUL in the path"
	}
	return ""
}
