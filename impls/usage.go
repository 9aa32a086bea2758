package impls

import (
	"errors"
	"time"
)

// ErrUnsupported is the error of what this operating system does not offer.
var ErrUnsupported = errors.New("not supported on this operating system")

// Usage is what a living process has used. Two readings make a difference; none is a rate.
type Usage struct {
	CPU time.Duration // user and system time of all threads, ended ones too, in nanoseconds as the scheduler counts them

	PeakBytes int64 // most physical memory at any moment since exec (VmHWM)
	RSSBytes  int64 // physical memory now (VmRSS), shared pages counted in full
	PSSBytes  int64 // the same with each shared page divided among its users

	Descriptors int // open file descriptors
	Sockets     int // those among them that are sockets
	Threads     int

	// Of the threads that live: a thread that ends takes its counts along.
	VoluntarySwitches   int64 // gave the processor up: waited
	InvoluntarySwitches int64 // lost it to somebody else
}
