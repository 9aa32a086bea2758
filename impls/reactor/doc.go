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
// The pattern is called reactor: instead of a thread that waits in each read, one loop asks the kernel about all descriptors together,
// and passes what it hears to the functions that were left with it. They never wait themselves. What they share needs no lock, because
// one runs at a time; and one that takes long makes all others wait.
//
// There are three heights to work at. A [BufferEvent] is a connection with buffers, marks and timeouts, on a descriptor that a [Listener]
// hands over or on one that Connect makes: it does the reading and writing. An [Event] says that a descriptor is ready, a time has come
// or a signal was sent, and leaves the rest to you. And package backend is the bare question to the kernel.
//
// # One turn of the loop
//
//	     ┌───────────────────────────────────────────────────────────────────────────────────────┐
//	     ▼                                                                                       │
//	1 stop?  ──► 2 how long? ──► 3 wait ──► 4 activate ──► 5 expire ──► 6 run one level ──► 7 settle
//	Exit, Break   until the       the        what is        deadlines    the callbacks of    bufferevents write
//	or nothing    earliest        backend    ready or       that have    the most urgent     what other callbacks
//	left          deadline                   finished       come         priority            have left in them
//	                           ▲           ▲                          ▲
//	            prepare watchers           check watchers             what ActiveLater has put off
//
// Step by step:
//
//  1. The loop ends if it was told to, or if no event is pending, none active, and no Post waits ([Base.Loop]).
//  2. It may sleep until the earliest deadline, and not at all while something is active. The prepare watchers are told for how
//     long ([Base.NewPrepare]); afterwards it is looked at again, because they may have changed it.
//  3. The backend waits. Only here does the goroutine sleep. Then the check watchers are called ([Base.NewCheck]). The clock is
//     read when a time is first needed, and that is the time of the turn.
//  4. Each readiness carries a token, a slot and a generation. A token whose owner has gone is dropped; otherwise the events
//     on that descriptor become active, in the order in which they were added. With io_uring the bytes that have been received and
//     sent come here too, each with the connection that they belong to.
//  5. Deadlines that have come make their events active too, behind those of step 4. What was put off by [Event.ActiveLater]
//     comes behind both.
//  6. The callbacks of one priority run, those that were active when the step began. Whatever they activate has its turn after the next
//     wait, which then does not sleep: however busy callbacks keep each other, descriptors and timers are looked at. Something
//     more urgent ends the step early; something less urgent is passed over, but not for ever ([WithPatience]). What was posted
//     ([Base.Post]) belongs to the most urgent level, but does not make the others wait.
//  7. A bufferevent writes at the end of its own callback, and here if others have put something into its output. What is put
//     there before the loop begins goes out before the first turn.
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
// of it, not even to ask it something or to close it. What others want done they hand in by [Base.Post], which wakes the loop. While
// nobody is in Loop, whoever holds the Base owns it. The loop does not have to stay on one thread; on the two methods of io_uring it
// keeps to one while it runs. A loop that sleeps keeps its P: let GOMAXPROCS be one more than there are loops (see [Group]).
//
// A Listener and a BufferEvent own their descriptors and close them, at once and themselves. The descriptor of an Event is yours: delete
// the event, then close. (If it is closed first, and its number comes back with another file, then whoever adds the number next is
// its only owner, and the old event is over.) A descriptor must be non-blocking, and one that is borrowed from an os.File or a
// net.Conn will be closed by the garbage collector some day.
//
// The chunks that bytes travel in belong to a pool of the Base. Reading takes one, Append moves it from buffer to buffer, and
// writing gives it back; an idle connection has none.
//
// # More than one loop
//
// For more than one core there is a [Group]: several bases, each with its goroutine and with connections of its own. The kernel shares
// the connections out ([ReusePort]), or the first base does ([RoundRobin], [LeastConnections]). A connection stays where it is, so
// nothing above changes: its callbacks are given the base that is theirs, and touch another only by Post.
//
// # When something is wrong
//
// What a call refuses it tells by an error that names the call and the descriptor, and then nothing has changed: see [ErrClosed],
// [ErrTimeout], [ErrPriority] and the others. What goes wrong later on a connection is told to OnEvent, and [BufferEvent.Err] has the
// reason. A panic is for what stands wrong in the source, such as a missing callback.
//
// # Debug mode
//
// [WithDebug] looks for what Go cannot see: use from another goroutine above all, descriptors that block or were closed too early, use
// after Close. It panics with a sentence, at the call that is wrong. It is for tests and for the search of a fault: a call then costs
// microseconds. [WithSlowCallback] tells who keeps the others waiting, and is cheap enough to stay on. [Base.Dump] shows what a loop waits
// for, and [Base.Stats] what it has done.
//
// # What it costs
//
// An echo on bufferevents is one read and one write, a part of one wait, no change of interest and no allocation.
// On a 64-bit machine an idle connection takes 128 bytes for the BufferEvent, 16 for its place in the table of descriptors and, if it
// has a timeout, 24 in the heap or in the list of its duration. The BufferEvent is the one allocation of a connection's life. Callbacks
// that all share ([BufferEvent.SetCallbacks]) cost nothing beyond that; closures cost themselves, 24 bytes and 16 for each of them. What
// the backend keeps of a descriptor, and the kernel's socket, come on top. TLS adds what crypto/tls keeps, 8 to 9 KB with Go 1.26, and no
// goroutine. Moving a timeout back with each byte that comes costs an assignment: see timeout.go. A loop keeps up to 64 free chunks
// for its next reads, 4 MiB ([WithChunkBytes]), and for short messages 256 of 2 KiB and 2048 of 256 bytes, 1 MiB.
//
// # Readiness and completion
//
// All methods but one are of readiness: the kernel says that a socket is ready, and the loop reads or writes. The method io_uring is of
// completion: bytes are received before anybody asks for them, and what all connections write in a turn is handed over by one system
// call, the one that waits for what comes next. With 64 connections an echo takes a tenth of a system call instead of two (counted by
// strace). Accepting and connecting stay with readiness, and so do events. The programs are the same, and so are the tests of this
// package.
//
// It is asked for by name ([WithBackend]); unasked, [New] takes it only if all others are avoided. It fails where the kernel does not
// grant it. What one may notice:
//
//   - The descriptor of a BufferEvent blocks from its first use on. It is not to be read or written directly, as nowhere.
//   - Bytes that were handed to the kernel and that it has no room for are no longer in Output, and are sent even after Disable(Write):
//     256 KiB at most.
//   - Up to some 256 KiB of a peer's bytes are taken in before the loop has looked at them, and in the worst case what the ring has
//     buffers for: 2 MiB, in a loop that has needed more up to 8 MiB. They wait beside the Input, whose high mark holds.
//   - A piece of a file (AddFile) is read into memory instead of being sent by sendfile(2).
//   - The kernel lets go of the sockets of a killed process some time later, tenths of a second on a busy machine. (Close leaves nothing
//     behind.) Until then its TCP address is in use: see [Base.Listen].
//   - An idle connection takes 104 bytes more, and 8 in a table.
//
// # Beside libevent
//
// The terms and the rules are those of libevent, 2.1 and the 2.2 line. "Same" includes the corners: what a second Add does, from when a
// period counts, who is called first. "Absent" is on purpose, for the reason beside it.
//
//	area        libevent                                  here                                      compared
//	─────────── ───────────────────────────────────────── ───────────────────────────────────────── ──────────────────────────────────
//	base        event_base_new_with_config, _free         New, Option, Close                        better: Close closes connections
//	            avoid_method, require_features            WithBackend, WithoutBackend, WithFeatures better: by name, and says why not
//	            EVENT_NOEPOLL and others                  REACTOR_METHOD                            better: names the one to take
//	            get_method, _features, supported_methods  Method, Features, Methods                 same
//	            set_max_dispatch_interval, NO_CACHE_TIME  WithTurnLimit, WithoutCachedTime          same
//	            PRECISE_TIMER                                                                       absent: time is always precise
//	            EPOLL_USE_CHANGELIST                                                                absent: unsafe with duplicates
//	            NOLOCK, evthread_*                                                                  absent: one goroutine, no locks
//	            event_reinit                                                                        absent: Go programs do not fork
//	            event_set_mem_functions                                                             absent: there is a garbage collector
//	loop        event_base_dispatch, _loop                Dispatch, Loop                            better: NonBlock is one pass
//	            loopexit, loopbreak, loopcontinue, got_*  Exit, Break, Continue, End                better: an early Break is not lost
//	            event_base_once                           Once, Post                                better: Post from any goroutine
//	            active_by_fd, _by_signal, foreach, dump   ActiveByFD, ActiveBySignal, Events, Dump  better: a visitor may delete them
//	            get_num_events, get_max_events            Pending, Stats, ResetMost                 better: an event counts once
//	time        gettimeofday_cached, update_cache_time    Now, RefreshTime                          same
//	events      event_new, add, del, active, pending      NewEvent, Add, Del, Active, Pending       better: Active, then Add, registers
//	            EV_READ, WRITE, CLOSED, ET, PERSIST       Read, Write, Closed, ET, Persist          better: errors reach every event
//	            event_base_set, event_remove_timer        SetBase, RemoveTimer                      same
//	            event_active_later_ (internal)            ActiveLater                               better: for everybody
//	            event_finalize, del_block, self_cbarg                                               absent: one goroutine, closures
//	            EV_FEATURE_FDS                                                                      absent: no backend takes regular files
//	timeouts    evtimer_*, EV_PERSIST                     NewTimer, NewTicker                       better: never early, one wake-up
//	            init_common_timeout                                                                 better: they are found out
//	priorities  priority_init, event_priority_set         WithPriorities, SetPriority               better: while active too; WithPatience
//	signals     evsignal_*                                NewSignal                                 better: in any number of bases
//	evbuffer    add, prepend, drain, remove, pullup, peek Write, Prepend, Drain, Read, Pullup, Peek same
//	            add_buffer, remove_buffer                 Append, RemoveTo                          same
//	            add_reference, add_buffer_reference       AddReference, AddBufferReference          better: shared may be shared again
//	            add_file, file_segment                    AddFile                                   better: it may be looked at
//	            reserve_space, commit, search, readln     Reserve, Commit, Search, ReadLine         same; a position is an int
//	            add_cb, freeze                            OnChange, Freeze                          better: callbacks do not recurse
//	bufferevent socket_new, setcb, setfd, replacefd       NewBufferEvent, OnRead, SetFD             better: it writes first
//	            socket_connect                            Connect                                   same
//	            socket_connect_hostname                                                             absent: a name blocks Connect
//	            setwatermark, set_timeouts, max_single_*  SetWatermark, SetTimeouts, SetMaxSingle   better: marks hold, for Write too
//	            enable, disable, trigger, flush           Enable, Disable, Trigger, Flush           better: Flush(Finished) ends the stream
//	            free                                      Close, CloseAfterFlush, Shutdown          better: what was written may go first
//	            BEV_OPT_DEFER_CALLBACKS                                                             absent: it is always so
//	            BEV_OPT_THREADSAFE, lock, incref                                                    absent: one goroutine, a collector
//	  pair      pair_new, pair_get_partner                NewPair, Partner                          better: EOF when the other closes
//	  filter    filter_new, get_underlying                NewFilter, Streaming, Underlying          better: nothing is lost on closing
//	  TLS       bufferevent_openssl_*, _mbedtls_*         NewTLSServer, NewTLSClient, TLS           better: a cut-off is told from an end
//	rate limits set_rate_limit, group_*, decrement_*      SetRateLimit, RateGroup, SpendRate        better: shares of the active members
//	listener    evconnlistener_new_bind, set_error_cb     Listen, OnError                           better: backs off without descriptors
//	            LEV_OPT_REUSEABLE_PORT, backlog           WithReusePort, WithBacklog                same
//	            evconnlistener_new, DEFERRED_ACCEPT                                                 absent: a descriptor has one owner
//	watchers    evwatch_prepare_new, evwatch_check_new    NewPrepare, NewCheck                      better: may delete themselves
//	groups                                                Group                                     new
//	completion  IOCP (Windows only)                       WithBackend("io_uring")                   better: Linux; nothing for Windows
//	debug       event_enable_debug_mode                   WithDebug, WithSlowCallback               better: per base, finds goroutines
//	            set_log_callback, set_fatal_callback                                                absent: errors are returned
//
// What is better, in more words, because libevent's own rules have bitten users:
//
//   - A BufferEvent writes first, and asks for write readiness only after a short write. OnWrite is never called without a write.
//   - Its read timeout and its marks really stop it: at the high mark it reads nothing and the loop sleeps
//     (https://github.com/libevent/libevent/issues/891).
//   - It stops reading while its output is above a high mark, from the beginning.
//   - CloseAfterFlush and CloseWrite exist, and Close closes the descriptor there and then. Through a filter they lose nothing
//     (https://github.com/libevent/libevent/issues/616).
//   - What holds back reading counts the memory that the output takes, not only its bytes.
//   - The ends of a pair are told when the other closes (https://github.com/libevent/libevent/issues/93).
//   - A rate limit leaves the bound on single reads and writes in force, and shares of a group are those of its active members.
//   - TLS tells a connection that was cut off from one that has ended.
//   - Activating an event and then adding it registers it.
//   - A reused descriptor number delivers to its new owner only.
//   - An error or a reset is told to an event whatever it waits for, on every backend (libevent's epoll spins if that is Closed alone).
//   - NonBlock is one pass. A Break before Loop is not lost. Exit ends the turn that runs, whatever its priority.
//   - Events on one descriptor run in the order of Add, and timers with one deadline too.
//   - Strict priorities do not starve: see [WithPatience].
//   - Time is precise: a timer is never early, and costs one wake-up.
//   - Common timeouts are found out: nobody has to ask for their lists.
//   - A watcher may delete itself and others, and what a prepare watcher brings about shortens the wait that follows.
package reactor
