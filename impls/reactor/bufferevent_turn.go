package reactor

import "reactorbench/impls/reactor/backend"

// This file is what a bufferevent does in a turn of the loop: read, call back, write, and then say what it waits for next. How it
// reads is in bufferevent_read.go, how it writes in bufferevent_write.go, its timeouts in bufferevent_deadline.go.

// ready is the turn of a bufferevent: what came is read before anything is written, so that the answer is part of the same write.
func (bev *BufferEvent) ready(what What) {
	bev.flags |= busy
	if what.Has(Write) {
		bev.flags &^= blocked
		bev.writeDeadline = 0 // readiness in the same turn outweighs a timeout
		if bev.state == connecting {
			bev.connected()
		}
	}
	if what.Has(Read) {
		bev.flags |= missed
		if bev.reading() {
			bev.receive()
		}
	}
	if what.Has(Timeout) {
		bev.expire()
	}
	bev.settle()
}

// reading reports whether it is the bufferevent's wish that bytes come.
func (bev *BufferEvent) reading() bool {
	if bev.state == lingering {
		return true
	}
	s := bev.settings
	return bev.state == opened && bev.enabled.Has(Read) && bev.flags&paused == 0 &&
		!bev.inputFull() && !s.held(Read) && (bev.flags&lastInput == 0 || bev.hoards())
}

// inputFull reports whether the input is at its high mark.
func (bev *BufferEvent) inputFull() bool {
	high := bev.settings.readHigh
	return high > 0 && bev.input.Len() >= high
}

// writing reports whether there is something to write, and nothing against it but the kernel.
func (bev *BufferEvent) writing() bool {
	return bev.unwritten() > 0 && bev.enabled.Has(Write) && bev.flags&outputOver == 0 &&
		bev.state >= opened && bev.state <= draining && !bev.settings.held(Write) && !bev.starved()
}

// starved reports whether the output waits for more of itself: a filter can do nothing with what there is.
func (bev *BufferEvent) starved() bool {
	x := bev.settings.extra
	return x != nil && x.starved > 0 && x.starved == bev.output.Len()
}

// unwritten is the number of bytes that are still to be written.
func (bev *BufferEvent) unwritten() int { return bev.output.Len() + int(bev.underWay) }

// settle does what the callbacks have left to do: write the output, end what is to be ended, and bring interest and
// deadlines up to date. In the steady state of an echo that is one write, and nothing to tell the backend.
func (bev *BufferEvent) settle() {
	bev.flags = bev.flags&^touched | busy
	if bev.io.marks&added == 0 && bev.errno != 0 && bev.io.descriptor >= 0 && (bev.state == opened || bev.state == draining) {
		bev.fail(Reading|Writing, bev.Err()) // the descriptor was refused
	}
	if bev.flags&lastInput != 0 {
		bev.endInput()
	}
	if bev.flags&blocked == 0 {
		bev.send()
	}
	if bev.flags&finWanted != 0 || bev.state == draining {
		bev.flushed()
	}
	if bev.flags&outputOver != 0 {
		bev.output.Reset() // what was added too late would hold back reading for ever
	}
	if bev.state != closed {
		bev.pauseOrResume()
		bev.watch()
	}
	bev.flags &^= busy
	if bev.state == draining && bev.unwritten() == 0 {
		bev.touch() // CloseAfterFlush was called by the last callbacks of this very settling
	}
	if bev.flags&blocked == 0 && bev.writing() && !bev.settings.transport.reminds() {
		bev.touch() // OnWrite has written more, and there is no readiness to wait for
	}
}

// watch tells the backend what the bufferevent waits for, if that has changed, and sets the deadlines for it.
func (bev *BufferEvent) watch() {
	reading, writing := bev.reading(), bev.writing()
	want := What(0)
	if reading {
		want |= Read
	}
	last := bev.underWay > 0 && bev.flags&(blocked|finWanted) == blocked|finWanted // FIN comes behind what is under way
	if writing || last || bev.state == connecting {
		want |= Write
	}
	if want != bev.io.what&backend.Interest {
		if err := bev.settings.transport.watch(bev, want); err != nil && bev.state != closed {
			bev.fail(Reading|Writing, err)
			return
		}
	}
	if bev.flags&missed != 0 && reading && !bev.settings.transport.reminds() {
		bev.io.Active(Read) // what stopped it is over
	}
	bev.flags &^= missed
	shaking := bev.state == connecting && bev.io.descriptor < 0 // a handshake both reads and writes
	bev.setDeadlines(reading || shaking, writing || bev.state == connecting)
}
