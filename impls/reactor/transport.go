package reactor

import (
	"errors"
	"net/netip"
)

// A transport carries bytes between the buffers of a bufferevent and the other side. Sockets are one kind; pairs in memory, filters
// and TLS are others. Whoever has a state of its own for each bufferevent is one transport value for each, and the
// others are one value for all (see [settings]): their argument says whom it is about.
//
// A transport says that it can go on by readiness of the descriptor, or by Active(Read) and Active(Write) on the bufferevent's
// event; never from within one of its own methods otherwise. It may be asked to go on when it cannot, and then answers EAGAIN.
type transport interface {
	// fill moves at most most bytes (0: as many as suit it) into the input. (0, nil) is the end of the stream.
	fill(bev *BufferEvent, most int) (int, error)

	// flush moves at most most bytes out of the output. A transport that begins a write and hears later what became of it takes the
	// bytes out of the output at once, counts them in underWay, and answers errUnderWay; after Active(Write), the
	// next flush says how many were passed on. With most 0 it does no more than that, and is asked of nobody else.
	flush(bev *BufferEvent, most int) (int, error)

	// watch is told when it changes what the bufferevent waits for: Read while it would take bytes, Write while it has bytes to
	// give or is being connected. If it fails, nothing has changed.
	watch(bev *BufferEvent, want What) error

	// reminds reports that what the bufferevent waits for, and does not see to when it is told, is told again: by readiness that
	// lasts. Otherwise the bufferevent sees to it that it goes on.
	reminds() bool

	// closeWrite tells the other side that no more will come; the output is empty.
	closeWrite(bev *BufferEvent) error

	// quiet reports that nothing would be lost by closing now: the other side has all that was flushed, and has
	// sent nothing that was not read.
	quiet(bev *BufferEvent) bool

	// close gives back what the transport has for the bufferevent, its descriptor too. The event is deleted already. A disowned
	// bufferevent has lost its descriptor, which is another's by now.
	close(bev *BufferEvent, disowned bool)
}

// A latecomer is a transport whose bytes may have come although the loop hears of them only after its next wait.
type latecomer interface {
	// late puts a timeout off to the next turn, once.
	late(bev *BufferEvent) bool
}

// A forerunner is a transport that takes bytes out of the socket before anybody asks for them.
type forerunner interface {
	// unheard reports that bytes may have come which only the next wait will tell of.
	unheard(bev *BufferEvent) bool
}

// errUnderWay is flush's answer when a write has begun.
var errUnderWay = errors.New("under way")

// sockets are a transport, and what listeners need: how everything of a Base that has a socket comes by its bytes and connections.
// By readiness is one way (readiness.go), by completion the other (completion.go).
type sockets interface {
	transport

	// dial begins to connect a new socket. An attempt that is under way, and one that has already failed, is a descriptor;
	// an error means that there is none.
	dial(where socketAddress) (fd int, outcome error, err error)

	// dialed tells how the attempt has ended, once the bufferevent has become active for Write; nil is success.
	dialed(bev *BufferEvent) error

	// listen makes the listener's socket and notes its address.
	listen(l *Listener, network, address string, c listenConfig) (fd int, err error)

	// accept takes a connection from the listener's queue; errors are those of accept(2).
	accept(l *Listener) (fd int, peer netip.AddrPort, err error)

	// watchQueue has the listener become active, or no longer, while connections wait in its queue.
	watchQueue(l *Listener, on bool) error

	// closeListener closes the listener's socket. Its event is deleted already.
	closeListener(l *Listener)
}
