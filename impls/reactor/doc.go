// Package reactor is an event loop in the manner of libevent: one goroutine that waits for many descriptors, deadlines and
// signals at once, and calls a function when one of them comes to pass.
//
//	base, err := reactor.New()
//	...
//	_, err = base.Listen("tcp", "127.0.0.1:7007", func(fd int, _ netip.AddrPort) {
//		bev := base.NewBufferEvent(fd)
//		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
//		bev.Enable(reactor.Read)
//	})
//	...
//	err = base.Dispatch() // until nothing is left to wait for
//
// There are three heights to work at. A [BufferEvent] is a connection with buffers, marks and timeouts, made by a [Listener] or by Connect:
// it does the reading and writing. An [Event] says that a descriptor is ready, a time has come or a signal was sent, and leaves
// the rest to you. And package backend is the bare question to the kernel.
//
// # One turn of the loop
//
//		     ┌───────────────────────────────────────────────────────────────────────────────────────┐
//		     ▼                                                                                       │
//		1 stop?  ──► 2 how long? ──► 3 wait ──► 4 activate ──► 5 expire ──► 6 run one level ──► 7 settle
//		Exit, Break   until the       the        what is        deadlines    the callbacks of    bufferevents write
//		or nothing    earliest        backend    ready          that have    the most urgent     what other callbacks
//		left          deadline                                  come         priority            have left in them
//
//	 1. The loop ends if it was told to, or if no event is pending and none active ([Base.Loop]).
//	 2. It may sleep until the earliest deadline, and not at all while something is active.
//	 3. The backend waits. Only here does the goroutine sleep. Afterwards the time of the turn is read, when first needed. Right
//	    before and right after it the watchers are called ([Base.NewPrepare], [Base.NewCheck]).
//	 4. Each readiness carries a token, a slot and a generation. A token whose owner has gone is dropped; otherwise the events
//	    on that descriptor become active, in the order in which they were added.
//	 5. Deadlines that have come make their events active too, behind those of step 4.
//	 6. The callbacks of one priority run, those that were active when the step began. Whatever they activate has its turn after the next
//	    wait, which then does not sleep: however busy callbacks keep each other, descriptors and timers are looked at. Something
//	    more urgent ends the step early; something less urgent is passed over, but not for ever ([WithPatience]).
//	 7. A bufferevent writes at the end of its own callback, and here if others have put something into its output.
//
// Before its callback an event is deleted, or if it is persistent re-armed. So the callback finds it as it will be, and may Add, Del or
// Close it, or any other: what is deleted while active is not called.
//
// # Kinds of bufferevents
//
// What a bufferevent does is the same for all; how its bytes travel is not.
//
//	NewBufferEvent    a socket
//	NewPair           two ends in memory
//	NewFilter         another bufferevent, with a Transform in each direction; Streaming makes one of code that waits
//	NewTLSServer      another bufferevent, through crypto/tls
//	NewTLSClient
//
// Filters stand on each other, and the top is the one to use: closing it closes, and flushing it flushes, the whole stack. Callbacks are
// never called from within a call of yours to the same bufferevent or to its partner; they come from the loop (libevent has an
// option for that, BEV_OPT_DEFER_CALLBACKS).
//
// SetRateLimit and [RateGroup] bound how fast bytes move, SetWatermark how many wait.
//
// # Who owns what
//
// The goroutine in [Base.Loop] owns the Base and all that was made with it: there are no locks, and no other goroutine may touch any
// of it, not even to close it. What others want done they hand in by [Base.Post], which wakes the loop. The loop does not have to stay
// on one thread; with io_uring it keeps to one while it runs.
//
// A Listener and a BufferEvent own their descriptors and close them, at once and themselves. The descriptor of an Event is yours: delete the event,
// then close. (If it is closed first, and its number comes back with another file, then whoever adds the number next is
// its only owner, and the old event is over.) A descriptor must be non-blocking, and one that is borrowed from an os.File or a
// net.Conn will be closed by the garbage collector some day.
//
// For more than one core there is a [Group]: several bases, each with its goroutine and with connections of its own.
//
// The chunks that bytes travel in belong to a pool of the Base. Reading takes one, Append moves it from buffer to buffer, and
// writing gives it back; an idle connection has none.
//
// # When something is wrong
//
// What a call refuses it tells by an error that names the call and the descriptor, and then nothing has changed: see [ErrClosed], [ErrTimeout],
// [ErrPriority] and the others. A panic is for what stands wrong in the source, such as a missing callback. [WithDebug]
// looks for what Go cannot see, use from another goroutine above all, and [WithSlowCallback] for who keeps the others waiting.
//
// # What it costs
//
// An echo on bufferevents is one read and one write, a part of one wait, no change of interest and no allocation.
// An idle connection takes 224 bytes for the BufferEvent, 16 for its place in the table of descriptors and, if it has a
// timeout, 24 in the heap or in the list of its duration. TLS adds what crypto/tls keeps, 8 to 9 KB with Go 1.26, and no goroutine. Moving a timeout back with each
// byte that comes costs an assignment: see timeout.go.
//
// # Readiness and completion
//
// All methods but one are of readiness: the kernel says that a socket is ready, and the loop reads or writes. The method io_uring is of
// completion: bytes are received before anybody asks for them, and what all connections write in a turn is handed over by one system
// call, the one that waits for what comes next. With 64 connections an echo takes a tenth of a system call instead of two. Accepting
// and connecting stay with readiness, and so do events. The programs are the same, and so are the tests of this package.
//
// It is chosen by name alone ([WithBackend]), and [New] fails where the kernel does not grant it. What one may notice:
//
//   - The descriptor of a BufferEvent blocks from its first use on. It is not to be read or written directly, as nowhere.
//   - Bytes that were handed to the kernel and that it has no room for are no longer in Output, and are sent even after Disable(Write):
//     256 KiB at most.
//   - Up to some 256 KiB of a peer's bytes, and in the worst case as much as a few MiB, are taken in before the loop has looked at them. They
//     wait beside the Input, whose high mark holds.
//   - The kernel lets go of the sockets of a killed process some milliseconds later. (Close leaves nothing behind.) So Listen tries for up
//     to 1.5 s to get a TCP address that is in use.
//   - An idle connection takes 104 bytes more, and 8 in a table.
//
// # Where it differs from libevent
//
// The terms and the rules are libevent's. These differ because its own have bitten users:
//
//   - A BufferEvent writes first, and asks for write readiness only after a short write. OnWrite is never called without a write.
//   - Its read timeout and its marks really stop it: at the high mark it reads nothing and the loop sleeps.
//   - It stops reading while its output is above a high mark, from the beginning.
//   - CloseAfterFlush and CloseWrite exist, and Close closes the descriptor there and then. Through a filter they lose nothing.
//   - What holds back reading counts the memory that the output takes, not only its bytes.
//   - The ends of a pair are told when the other closes.
//   - A rate limit leaves the bound on single reads and writes in force, and shares of a group are those of its active members.
//   - TLS tells a connection that was cut off from one that has ended.
//   - Activating an event and then adding it registers it.
//   - A reused descriptor number delivers to its new owner only.
//   - An error or a reset is told to an event whatever it waits for, on every backend.
//   - NonBlock is one pass. A Break before Loop is not lost. Exit ends the turn that runs, whatever its priority.
//   - Events on one descriptor run in the order of Add, and timers with one deadline too.
//   - Strict priorities do not starve: see [WithPatience].
//   - Time is precise: a timer is never early, and costs one wake-up.
//   - Common timeouts are found out: nobody has to ask for their lists.
//   - A watcher may delete itself and others, and what a prepare watcher brings about shortens the wait that follows.
//
// Absent on purpose: a list of changes that is handed to epoll with the wait (bufferevents that write first seldom change their interest, and it
// is unsafe with duplicates), locks (a base belongs to one goroutine), reinit after fork (Go programs do not), finalizers (there is a garbage
// collector), regular files (every backend refuses them).
package reactor
