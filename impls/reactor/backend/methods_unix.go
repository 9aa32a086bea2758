//go:build unix && !linux

package backend

var methods = []method{
	{"poll", openPoll},
}
