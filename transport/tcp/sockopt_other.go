//go:build !unix && !windows

package tcp

import "errors"

func setReceiveBuffer(uintptr, int) error { return errors.ErrUnsupported }

func setSendBuffer(uintptr, int) error { return errors.ErrUnsupported }

func setTrafficClass(uintptr, bool, int) error { return errors.ErrUnsupported }

func setBacklog(uintptr, int) error { return errors.ErrUnsupported }

func setReuseAddress(uintptr) error { return nil }

func portable(err error) error { return err }
