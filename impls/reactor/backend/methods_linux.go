package backend

var methods = []method{
	{"epoll", openEpoll},
	{"poll", openPoll},
	{"select", openSelect},
}
