// Package schedule is what a handful of clients do to an echo server, one command a line, and the judgement of what
// came of it.
//
//	# a client with a small window sends more than fits, and says that this was all
//	c1: connect 4096
//	c1: send 8388608
//	c1: shutdown
//
// The commands, by up to [MaxConns] connections called c1, c2, ...:
//
//	c1: connect [BYTES]   a new client, with a receive buffer (SO_RCVBUF) of that many bytes if given
//	c1: send N            sends up to N bytes, until the server does not take more
//	c1: read N            reads N bytes, or what is owed if that is less; after shutdown also the end
//	c1: shutdown          says that nothing more will be sent (FIN), and may read on
//	c1: close             closes the descriptor as a program does that has lost interest
//	c1: reset             closes with RST
//	pause 20ms            lets time pass
//	stop                  stops the process of the server (SIGSTOP): its kernel goes on receiving
//	cont                  lets it run again
//
// Behind the last command every schedule ends in the same way: the server runs, each connection that is still open reads
// what it is owed, is seen to live, is shut down if it was not, and reads to its end. So the three lines above are a
// whole test.
//
// A schedule says what the clients try, not what happens: how much of a send is taken is the server's choice. What did
// happen is a [History], and [Judge] says which promises it breaks. The model behind that accepts every order in which a right
// server may be seen to act, and no other (in the manner of Li, Pierce and Zdancewic, "Model-Based Testing of Networked
// Applications"). It looks at a history only after the run, so it can be tested with histories that no server made.
//
// [Generate] makes schedules from a seed, [Shrink] makes a failing one short. Nothing here opens a socket: package spec
// executes schedules.
package schedule
