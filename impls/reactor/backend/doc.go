// Package backend asks the operating system which descriptors are ready.
//
// It knows descriptors and what is wanted of them, and nothing of events, timers, signals or priorities:
// those live once, in package reactor. A method is therefore half a dozen verbs on two screens. A loop uses one
// like this:
//
//	b, err := backend.Open("epoll")
//	err = b.Set(fd, token, 0, backend.Read) // from no interest to Read
//	for {
//		n, err := b.Wait(ready, time.Second)
//		for _, r := range ready[:n] {
//			serve(r.Token, r.What) // and only if the token is still its owner's
//		}
//	}
//
// # The contract, the same for every method
//
//   - The end of a stream, and data, are Read. Room to write is Write. Closed says that the peer has stopped sending;
//     it is reported only to who asked for it, and where the system can tell (see [EarlyClose]).
//   - What the system reports unasked, an error or a hang-up of both directions, is reported as Read|Write|Closed: whoever
//     waits on that descriptor, for whatever, is told, so nothing is left to wake the loop again and again.
//     A reset is thus Read|Write|Closed on every method; select alone has no bit for Closed, and reports what was asked of the rest.
//   - The conditions of one descriptor may come as one [Ready] or as several.
//   - A descriptor that was closed while registered is forgotten without a word. When its number has come to name another
//     file, a change of interest fails with [ErrReplaced] and has no effect; an addition (old is 0) simply succeeds.
//   - A file that can never be waited for (a regular file, a directory) is refused with EPERM, even where the system
//     would call it always ready.
//   - A failed Set leaves the interest as it was.
//   - Wait returns early for an interruption and then reports (0, nil). A timeout is never reported early.
//   - Neither Set nor Wait allocates in the steady state, and neither takes a lock: one goroutine uses a Backend.
//
// The suite in backend_test.go is this list as a program, run over every method of the system.
//
// # Methods
//
//	epoll   Linux. Level and edge, cost by the number of ready descriptors.
//	kqueue  macOS and the BSDs. Level and edge, cost by the number of ready descriptors. It reports a descriptor that
//	        is ready in both directions twice, once for each.
//	poll    Every Unix. Level only, cost by the number of registered descriptors.
//	select  Every Unix. Level only, cost by the highest registered descriptor; no Closed. On Linux it goes beyond the 1024
//	        descriptors that it is known for, elsewhere it refuses those that do not fit.
//
// The logic of kqueue is tested on Linux, by the whole suite, against a model of kevent; the glue to the system's own is cross-built for all
// five systems, and the hosted workflow runs it on macOS.
//
// Not here yet: io_uring as a plain readiness method, and as a [Proactor].
package backend
