// Package simulated is a kernel in memory, for tests: descriptors, sockets, a clock, and a [backend.Backend] that waits for them.
//
// Everything that a kernel may decide one way or another is a choice here, made by one source of choices: how many bytes
// a call takes, how many ready descriptors a wait reports and in which order, when a packet arrives, which call is
// interrupted or refused. There is no goroutine, no real time and no real descriptor, and nothing depends on the order of a
// map: the same choices give the same run, to the bit ([Trace.Hash]). So a fault found once is found again by its seed.
//
//	k := simulated.New(simulated.Seeded(7))
//	poller := k.NewPoller(simulated.Epoll) // for the loop
//	queue := k.Listen(80)
//	end, err := k.Dial(80)                 // a peer, which has no descriptor: it lives in another process
//
// Time passes only in [Poller.Wait], which runs what is due on the agenda ([Kernel.After]), and stands still otherwise
// ([Kernel.Pass] is a callback that takes long). A wait without limit that nothing on the agenda can end
// is an error, [ErrDeadlock]: the loop has lost a wake-up, or waits for nobody.
//
// # What the model has
//
//   - Streams with a bounded buffer at each end and a network between them that delivers late and in pieces, or sockets of the unix
//     kind, where what is written can be read at once. FIN after the data; RST, which overtakes it. Writing to a socket that is
//     closed, and closing one with unread input, bring RST, as on Linux.
//   - The lowest free number for each new descriptor, duplicates, a limit to their number, queues of connections that are full.
//   - Readiness as Linux has it: a third of the buffer free is Write, a hang-up of both directions or an error is everything.
//
// How the model is held to the real kernel: differential_test.go of package reactor runs the same schedules on both.
package simulated
