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
// The suite in backend_test.go is this list as a program, run over every method of the system; proactor_test.go is the contract
// of [Proactor] as another.
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
// # Rings
//
//	io_uring-poll  Linux 5.19. Readiness by poll operations of io_uring. Level and edge, cost by the number of ready
//	               descriptors, no system call for a change of interest except a look at the file.
//	io_uring       Linux 6.0. The same, and a [Proactor]: the kernel accepts, receives and sends by itself, and one system call hands
//	               over all that was begun and brings all that was finished.
//
// They come last in [Methods], and Open without a name does not choose them: a sandbox may forbid them, and containers do so by default.
// Open by name then fails with [ErrUnavailable] and says what is missing; nothing else is quietly taken instead.
//
// Two things differ. Work that is under way keeps its file open: who closes a descriptor without withdrawing it from a ring has not
// closed the socket. And a ring is best used from one thread (see [OneThread]).
package backend
