//go:build unix && !linux && !darwin && !freebsd && !openbsd && !netbsd && !dragonfly

package backend

var methods = []method{
	{"poll", openPoll},
	{"select", openSelect},
}
