package reactor

import "golang.org/x/sys/unix"

// A reaction is what a listener does about an error of accept.
type reaction uint8

const (
	wait    reaction = iota // no connection was left
	retry                   // this connection is gone, the next one may be fine
	backOff                 // something is used up, and may become free
	giveUp                  // it will not get better
)

// acceptReactions is the whole of it. What is not listed concerns the socket itself, and is given up on.
var acceptReactions = map[unix.Errno]reaction{
	unix.EAGAIN: wait,
	unix.EINTR:  retry,

	// The connection died while it waited. Linux also hands on errors of the network that came in meanwhile.
	unix.ECONNABORTED: retry,
	unix.ECONNRESET:   retry,
	unix.EPROTO:       retry,
	unix.ENOPROTOOPT:  retry,
	unix.ENETDOWN:     retry,
	unix.ENETUNREACH:  retry,
	unix.EHOSTDOWN:    retry,
	unix.EHOSTUNREACH: retry,
	unix.ETIMEDOUT:    retry,
	unix.EOPNOTSUPP:   retry,
	unix.EPERM:        retry, // a firewall's rule

	unix.EMFILE:  backOff, // descriptors of the process
	unix.ENFILE:  backOff, // descriptors of the system
	unix.ENOBUFS: backOff,
	unix.ENOMEM:  backOff,
}

func acceptReaction(err error) reaction {
	errno, ok := err.(unix.Errno)
	if !ok {
		return giveUp
	}
	if r, listed := acceptReactions[errno]; listed {
		return r
	}
	return giveUp
}
