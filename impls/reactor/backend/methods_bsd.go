//go:build darwin || freebsd || openbsd || netbsd || dragonfly

package backend

var methods = []method{
	{"kqueue", openKqueue},
	{"poll", openPoll},
	{"select", openSelect},
}
