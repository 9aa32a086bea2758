package spec

import (
	"errors"
	"fmt"

	"reactorbench/impls"
)

// uringChecks are for servers on io_uring. No system call of such a server can be made to fail from outside, but its rings
// and buffers are of a size, and more can be asked of them than that.
var uringChecks = []Check{uringNoBuffers, uringOverflow, uringDisabled}

// uring is the feature of a server that waits by io_uring.
const uring = "io_uring"

var uringNoBuffers = Check{
	Slug:   "fault/uring-enobufs",
	Level:  MUST,
	Says:   "When more data waits than the server has provided buffers for, it MUST receive the rest later.",
	Source: "io_uring_prep_recv_multishot(3): ENOBUFS, IORING_CQE_F_MORE",
	Why: "A multishot receive ends when the ring of buffers is empty, and only says so in a flag; who does not arm it again never hears " +
		"of that client any more (liburing issues 778, 1275, 1320).",
	Sound: "The server is stopped until every client has sent what the kernel takes, so all of it is there at once. It waits only for " +
		"bytes.",
	Profile: Full,
	Feature: uring,
	Fresh:   true,
	Run: func(t *T) {
		conns := t.DialMany(600, WithReceiveBuffer(4<<10))
		for range t.pick(1, 3) {
			t.Server().Stop()
			for _, c := range conns {
				c.TrySend(32 << 10)
			}
			t.Server().Continue()
			for _, c := range conns {
				c.ExpectEcho(c.Sent() - c.Received())
			}
		}
	},
}

var uringOverflow = Check{
	Slug:    "fault/uring-cq-overflow",
	Level:   MUST,
	Says:    "When more is finished than the completion queue has room for, nothing of it MUST be lost.",
	Source:  "io_uring_setup(2): IORING_FEAT_NODROP; io_uring_enter(2): EBUSY",
	Why:     "The kernel keeps the overflow and refuses new work until it is fetched; a loop that takes EBUSY for a fatal error ends there.",
	Sound:   "Two thousand clients send while the server is stopped. It waits only for bytes.",
	Profile: Full,
	Feature: uring,
	Fresh:   true,
	Run: func(t *T) {
		conns := t.DialMany(2000)
		for range t.pick(1, 3) {
			t.Server().Stop()
			for _, c := range conns {
				c.Send(100)
			}
			t.Server().Continue()
			for _, c := range conns {
				c.ExpectEcho(100)
			}
		}
	},
}

var uringDisabled = Check{
	Slug:    "fault/uring-disabled",
	Level:   SHOULD,
	Says:    "Where io_uring is forbidden the server SHOULD wait by other means, or exit with another status than 0 and say why.",
	Source:  "io_uring_setup(2): EPERM; sysctl kernel.io_uring_disabled",
	Why:     "Containers forbid io_uring by their usual filter of system calls, and so do many distributions.",
	Sound:   "A filter inherited by the server answers io_uring_setup with EPERM from its first instruction on.",
	Profile: Full,
	Feature: uring,
	Starts:  true,
	Run: func(t *T) {
		s, err := t.TryStart(impls.Options{Before: forbidIOUring})
		var failed *impls.StartError
		switch {
		case err == nil:
			s.Dial().Ping()
			t.Infof("it serves without io_uring")
		case !errors.As(err, &failed):
			t.Precondition(err.Error())
		case failed.Kind != impls.Died:
			t.Fatal("service, or an exit", failed.Error())
		case failed.Stderr == "":
			t.Fatal("an exit that says why", failed.Error())
		default:
			exit, err := t.Run(patience, impls.Options{Before: forbidIOUring})
			if err != nil || exit.Code == 0 && exit.Signal == 0 {
				t.Fatal("an exit with another status than 0", fmt.Sprintf("the server %v", exit))
			}
			t.Infof("the server %v", exit)
		}
	},
}
