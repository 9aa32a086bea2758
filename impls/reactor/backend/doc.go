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
//	              since        ET   Closed   a wait costs by
//	epoll         Linux        yes  yes      the ready descriptors
//	kqueue        macOS, BSDs  yes  yes      the ready descriptors
//	poll          every Unix   no   Linux    the registered descriptors
//	select        every Unix   no   no       the highest registered descriptor; on Linux it goes beyond the 1024 that it is known
//	                                         for, elsewhere it refuses those that do not fit
//	io_uring-poll Linux 5.19   yes  yes      the ready descriptors: readiness by poll operations of io_uring
//	io_uring      Linux 6.0    yes  yes      the same, and a Proactor
//
// The sources are the manual pages of those names: epoll(7), kqueue(2), poll(2), select(2), io_uring(7).
//
// The logic of kqueue is tested on Linux against a model of kevent, by the whole suite and by that of package reactor; the glue to the system's own is cross-built for all
// five systems, and the hosted workflow runs it on macOS.
//
// # Rings
//
// The two methods of io_uring come last in [Methods], and Open without a name does not choose them: a sandbox may forbid them, and
// containers do so by default. Open by name then fails with [ErrUnavailable] and says what is missing; nothing else is quietly
// taken instead.
//
// New interest waits for the next Wait, which hands it over with the call that it makes anyway; Set only looks at the file. To withdraw an
// interest costs a call at once. Three things differ from the other methods. Work that is under way keeps its file open: who closes a
// descriptor without withdrawing it from a ring has not closed the socket. A readiness that came after the last Wait is told by the next,
// also if it has gone meanwhile: a read may find nothing. And a ring is best used from one thread (see [OneThread]).
//
// Descriptors are not registered with a ring (IORING_REGISTER_FILES). A send by a registered one costs 0.98 of the thread's CPU time that
// one by number costs (3.0 µs; loopback TCP, 64 bytes, 64 sends a call, median of 4000 pairs of calls in random order, two runs on a busy machine: 0.981 and 0.980); to
// put a descriptor in and take it out again costs 0.65 µs and two calls. So it would begin to gain at some eleven messages a connection, one
// per cent of an echo, and a socket would stay open until its place is cleared.
//
// # The contract of a Proactor
//
// A Proactor is for those who would rather be told that something is done than that it can be: it accepts, receives, sends and
// connects by itself.
//
//   - What is begun is handed over by the next Wait, together with all else, or by Flush. With the call it returns an error only if it
//     could not be begun; whatever comes later is the N of a [Ready]: bytes, a descriptor, or a negated error number.
//   - From then on the [Op] is the kernel's, until a Ready without More gives it back: exactly one, whatever became of it. To begin with it
//     meanwhile is refused by [ErrUnderWay]. An Op must not be copied then, and the bytes of a Send must stay as they are.
//   - Accept and Receive go on and report again and again; where the kernel ends them for reasons of its own they are begun again unseen.
//     Send and Connect report once, with ECANCELED if a thread of the process has ended: they are then to be begun again.
//   - Bytes are received into buffers that the kernel takes from stocks of the Proactor: of 64 KiB there are 32, and up to 128 once that has
//     turned out to be too little; receives whose messages are small go on, by themselves, with lesser ones of 2 KiB (up to 512) or 256 bytes
//     (up to 2048). Whoever is told of one gives it back by Release, or keeps its memory and gives other by Exchange; with none left,
//     receiving rests.
//   - Cancel does not wait: the Op comes back by a later Wait. On one that is not under way it does nothing.
//   - Descriptors should block: of one that does not, the kernel reports EAGAIN instead of waiting. An Op keeps the file of
//     its descriptor open; after Cancel and Flush, closing the descriptor closes the socket.
//   - Close calls back what is under way and waits for it. Nothing is reported any more.
//   - It allocates nothing in the steady state, and one goroutine uses it.
//
// proactor_test.go is this list as a program. Package reactor uses Receive and Send, and accepts by readiness: a multishot accept does
// not tell the peer's address, and to ask for that is a system call like the accept itself.
package backend
