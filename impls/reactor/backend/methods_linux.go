package backend

// The rings come last: they are for who asks for them. A system may refuse them to some processes, and what they gain
// over epoll is a few per cent; the first of the list has to be the one that nobody regrets.
var methods = []method{
	{"epoll", openEpoll},
	{"poll", openPoll},
	{"select", openSelect},
	{"io_uring-poll", openUringPoll},
	{"io_uring", openUring},
}
