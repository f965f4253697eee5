//go:build !linux

package tcp

import "errors"

func setUserTimeout(uintptr, int) error { return errors.ErrUnsupported }

func setPriority(uintptr, int) error { return errors.ErrUnsupported }

func setDevice(uintptr, string) error { return errors.ErrUnsupported }

func setBusyPoll(uintptr, int) error { return errors.ErrUnsupported }
