// Command bare is the least that an echo server can be: one loop around epoll, and no library.
//
// A reactor turns "which of my ten thousand sockets has something?" into one question to the kernel. The loop
// asks it (epoll_wait), answers each descriptor in the list (read, write), and asks again. Everything that a
// library adds to that costs something, so this server is the reference line of every chart: what the kernel
// charges for an echo, and next to nothing else. (It always asks without blocking first. Where clients are few, a loop
// that knows when to leave that out saves a call; it may then come out a little below this line.)
//
// It is the least, but it is whole. It keeps what an echo server owes to its clients:
//
//   - Order and completeness: what a full socket does not take is remembered and sent first.
//   - Back-pressure: as long as something is remembered nothing more is read, so a client that never reads
//     costs at most one read's worth of memory, and the kernel makes that client wait.
//   - Half-close: the end of the stream is read only after everything before it has been written, because of
//     the rule above. Closing then sends FIN behind the last byte, without a word of code for it.
//   - Survival: running out of descriptors pauses accepting; a connection that breaks ends only itself.
//   - A stop that loses nothing: SIGTERM shuts the receiving side of every idle connection, which makes it look
//     like one whose client has finished. A connection that still owes something delivers that first.
//
// An idle connection has no state at all: the kernel knows the descriptor, and nobody else needs to.
//
// Read on in this order: main_linux.go, loop_linux.go, echo_linux.go, accept_linux.go, listen_linux.go.
package main
