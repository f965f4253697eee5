//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd && !windows

package udp

import "errors"

func setReuse(uintptr) error { return nil }

func setDevice(uintptr, string) error { return errors.ErrUnsupported }

func portable(err error) error { return err }
