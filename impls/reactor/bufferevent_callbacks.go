package reactor

// Callbacks are what bufferevents call, each telling which it is. A server has one for all of its connections, so that a connection that
// waits pays a pointer for it, and a new one makes no closures:
//
//	var echo = &reactor.Callbacks{Read: func(bev *reactor.BufferEvent) { bev.Output().Append(bev.Input()) }}
//
// [BufferEvent.OnRead], OnWrite and OnEvent set the same one by one, for a single bufferevent and by closures: the way for what has more
// to remember of a connection than its bytes. They are also where it is told when each is called. Any may be nil.
type Callbacks struct {
	Read, Write func(*BufferEvent)
	Event       func(*BufferEvent, Outcome)
}

var noCallbacks = new(Callbacks)

// SetCallbacks has the bufferevent call c's functions, in place of all that were set before. c is not copied and must not be changed
// afterwards. nil is without callbacks.
func (bev *BufferEvent) SetCallbacks(c *Callbacks) {
	if c == nil {
		c = noCallbacks
	}
	bev.calls = c
	bev.flags &^= ownCalls
}

// Callbacks are the functions that are set. Those of a bufferevent under a filter are the filter's.
func (bev *BufferEvent) Callbacks() Callbacks { return *bev.calls }

// OnRead has call called when bytes came and the input has at least the low mark of them. What it leaves in the input is there
// when it is called again, which is after further bytes.
func (bev *BufferEvent) OnRead(call func()) { bev.callsOfItsOwn().Read = regardless(call) }

// OnWrite has call called when bytes were written and the output has at most the low mark of them (0 to begin with: none) left.
func (bev *BufferEvent) OnWrite(call func()) { bev.callsOfItsOwn().Write = regardless(call) }

// OnEvent has call called for everything but data. It decides what follows: an end, an error or a timeout ends or disables a direction,
// and leaves the bufferevent open. Without it, an end of the input closes the bufferevent after its output is flushed, and an error
// or a timeout closes it at once.
func (bev *BufferEvent) OnEvent(call func(Outcome)) {
	own := bev.callsOfItsOwn()
	if own.Event = nil; call != nil {
		own.Event = func(_ *BufferEvent, outcome Outcome) { call(outcome) }
	}
}

func (bev *BufferEvent) callsOfItsOwn() *Callbacks {
	if bev.flags&ownCalls == 0 {
		own := *bev.calls
		bev.calls = &own
		bev.flags |= ownCalls
	}
	return bev.calls
}

// regardless calls call, whichever bufferevent it is.
func regardless(call func()) func(*BufferEvent) {
	if call == nil {
		return nil
	}
	return func(*BufferEvent) { call() }
}
