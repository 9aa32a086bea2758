package reactor

// Shutdown ends the bufferevent in order: it takes nothing more from the kernel, passes on what it has taken, and then does what
// CloseAfterFlush does. It is for whoever ends a server from without; to end a connection because of what came on it is CloseAfterFlush,
// which passes on nothing more.
//
// There is something to pass on where bytes are taken before anybody asks for them: a completion method (io_uring) receives up to some
// 256 KiB ahead of a bufferevent that is above its high mark or waits for its turn, and a filter may keep what it has not yet
// transformed. On other methods such bytes are in the kernel, and are left there. Until all is passed on the callbacks are called as
// always, with marks and limits in force, so an echo is complete; a peer that does not read is waited for as by CloseAfterFlush. What the user
// does not take is not waited for: if reading is disabled, or the input is at its high mark, that is the end of the input.
func (bev *BufferEvent) Shutdown() {
	if bev.state != opened {
		bev.CloseAfterFlush()
		return
	}
	for each := bev; each != nil; each = each.Underlying() {
		each.flags |= lastInput
	}
	bev.enabled |= Write
	bev.touch()
}

// A hoarder is a transport that may have bytes which are out of the kernel and which fill has not yet given.
type hoarder interface {
	// hoards reports whether there are such bytes, or may be. It has nothing more taken from the kernel.
	hoards(bev *BufferEvent) bool
}

func (bev *BufferEvent) hoards() bool {
	h, ok := bev.settings.transport.(hoarder)
	return ok && h.hoards(bev)
}

// endInput closes after Shutdown as soon as nothing is left to pass on. What is under a filter ends with that.
func (bev *BufferEvent) endInput() {
	wanted := bev.state == opened && bev.enabled.Has(Read) && !bev.inputFull()
	if bev.top() == bev && !(wanted && bev.hoards()) {
		bev.CloseAfterFlush()
	}
}

// stopReading ends the reading of what was out of the kernel. Whoever wants to read from here on, to linger for instance, begins anew: the
// transport would not notice otherwise, because it has called that off on its own.
func (bev *BufferEvent) stopReading() {
	if bev.flags&lastInput != 0 {
		bev.flags &^= lastInput
		bev.watch()
	}
}
