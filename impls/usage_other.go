//go:build !linux

package impls

import "time"

// UsageOf needs /proc.
func UsageOf(pid int) (Usage, error) { return Usage{}, ErrUnsupported }

// CPUOf needs the process CPU clocks of Linux.
func CPUOf(pid int) (time.Duration, error) { return 0, ErrUnsupported }
