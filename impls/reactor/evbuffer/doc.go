// Package evbuffer is the byte queue between a socket and the program: a chain of chunks.
//
// A server that reads from one socket and writes to another has to keep the bytes somewhere in between.
// One growing slice would do, but it copies: when it grows, when its front is consumed, when bytes pass from
// one queue to the next. A chain of chunks copies none of these. What changes hands is the chunk.
//
//	Buffer ── first ─────────────┐                                            ┌───────── last
//	                             ▼                                            ▼
//	          ┌────────────────────┐   ┌────────────────────┐   ┌────────────────────┐
//	          │░░░░░░░│ G E T   /  │──►│ i n d e x . h t m l│──►│ \r \n │            │
//	          └────────────────────┘   └────────────────────┘   └────────────────────┘
//	           slack   start..end       the whole memory         start..end   room
//
// Each chunk is a window [start, end) on its storage. Draining moves start to the right, writing moves end.
// The storage is the chunk's own memory, or memory that somebody else owns, or a piece of a file:
//
//	own memory    from the Pool; may be written before and behind the window
//	shared        also in other buffers (AddBufferReference) or the caller's (AddReference): only read
//	file          not in memory at all (AddFile); sendfile moves it, and only who looks at it reads it
//
// # An echo
//
// The whole way of a byte through a server is three calls, two of them system calls, and no copy of more than 2 KiB (see below):
//
//	input.ReadFD(fd, 0)     // the kernel fills a chunk
//	output.Append(&input)   // the chunk changes hands
//	output.WriteFD(fd, 0)   // the kernel empties it; it goes back to the Pool
//
// # What an idle connection costs
//
// No chunk in the chain is ever empty, so an empty buffer has no chunk; it has no chain either (chain.go), and a connection
// that waits costs the two pointers (Buffer) of its input and output. Three rules keep a few bytes from holding much memory:
//
//   - Beside large chunks (64 KiB) the pool has small ones (1/32 of it, 2 KiB). A buffer that holds less than
//     1/8 of a large chunk writes pieces of up to 2 KiB into small chunks.
//   - By the same measure a read that brought at most 2 KiB, and a front chunk of which at most 2 KiB are left, is
//     copied into a small chunk, and the large one goes back to the pool at once.
//   - If that is all that the buffer holds, and no more than 1/256 of a large chunk, it takes a tiny one (256 bytes). Thousands of
//     connections may have a short message under way at once.
//
// So a large chunk in a short buffer always carries more than 1/32 of its size, and each large chunk is copied out
// of at most once. Reading always into a large chunk and copying out the little that came is cheaper than asking the
// kernel beforehand how much there is (FIONREAD): the copy takes some 5 ns for 64 bytes and 20 ns for
// 2 KiB, and the question is a system call.
//
// # Who may touch it
//
// A Buffer and its Pool belong to one goroutine, the one that runs the loop; there is no lock. A buffer may change
// hands as a whole if the hand-over is synchronised (a channel, Post): a chunk belongs to the pool of the
// buffer that holds it, not to the one it came from. Only shared memory ties goroutines together: all buffers that hold the
// same chunk by AddBufferReference must stay in one.
//
// # Differences from libevent's evbuffer
//
// The terms and the behaviour are libevent's, with these exceptions. Its chain may contain empty chunks, here never. Writing
// an empty buffer to a descriptor is no error. Shared chunks may be shared again. A file segment can be looked at
// (it is read then). Callbacks are not called recursively. Peek shows no more than it was asked for.
package evbuffer
