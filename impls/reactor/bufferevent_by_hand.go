package reactor

// This file is what is otherwise done by bytes that move: calling back, and flushing.

// Trigger has OnRead, OnWrite or both called in the next turn as if bytes had moved: OnRead if the input has at least its low
// mark by then, OnWrite if the output has at most its own; with ignoreMarks in any case. What is left over in the input, which
// otherwise is told only with what comes after it, is so told again. Two Triggers before that turn are two calls.
func (bev *BufferEvent) Trigger(what What, ignoreMarks bool) {
	bev.later(func() {
		s := bev.settings
		if call := bev.calls.Read; what.Has(Read) && call != nil && (ignoreMarks || bev.input.Len() >= s.readLow) {
			call(bev)
		}
		if call := bev.calls.Write; what.Has(Write) && call != nil && (ignoreMarks || bev.unwritten() <= s.writeLow) {
			call(bev)
		}
	})
}

// TriggerEvent has OnEvent called with outcome in the next turn, or what is done in its absence. Nothing else happens to the
// bufferevent.
func (bev *BufferEvent) TriggerEvent(outcome Outcome) { bev.later(func() { bev.tell(outcome) }) }

// later runs do in the next turn as the bufferevent's own code, unless it is closing by then.
func (bev *BufferEvent) later(do func()) {
	if bev.state >= draining {
		return
	}
	e := new(Event)
	e.init(bev.io.base, -1, 0, partsCallback(func() {
		if bev.state < draining {
			bev.flags |= busy
			do()
			bev.settle()
		}
	}))
	e.priority = bev.io.priority
	e.Active(Read)
}

// Flush asks for what has been written to be on its way: Normal and Flushing to have filters give what they have kept, Finished to end
// the stream as CloseWrite does. The bytes themselves leave at the end of the turn without it.
func (bev *BufferEvent) Flush(mode FlushMode) {
	if mode == Finished {
		bev.CloseWrite()
		return
	}
	if f := bev.filter(); f != nil && bev.state < draining {
		f.flushNow(mode)
	}
}
