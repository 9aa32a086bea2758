package reactor

// This file is what a filter hears from below, and how it comes to be connected.

func (f *filter) connect(network, address string) error {
	if err := f.under.Connect(network, address); err != nil {
		return err
	}
	f.bev.state = connecting
	f.bev.touch()
	return nil
}

// advance makes the next step of what has to come before the bytes.
func (f *filter) advance() {
	if f.under.state < opened {
		return
	}
	var err error
	if f.begin != nil {
		err = f.begin()
		f.under.Flush(Flushing) // the peer waits for each step, whatever is below
	}
	switch {
	case f.bev.state == closed: // by a callback of the step
	case err == ErrNeedMore:
		f.under.Enable(Read)
	case err != nil:
		f.begin = nil
		f.bev.notConnected(err)
	default:
		f.begin, f.more = nil, true
		f.under.Disable(Read)
		f.bev.nowConnected()
	}
}

// within runs what the underlying one has brought as the bufferevent's own code.
func (f *filter) within(do func()) {
	f.bev.flags |= busy
	do()
	f.bev.settle()
}

func (f *filter) underReads(*BufferEvent) {
	if f.bev.state == connecting {
		f.within(f.advance)
		return
	}
	f.more = true
	if f.bev.io.what.Has(Read) {
		f.bev.ready(Read)
	}
}

func (f *filter) underWrote(*BufferEvent) {
	if f.bev.flags&blocked != 0 {
		f.bev.ready(Write)
	}
}

// underTells passes on what happened below: an end or an error of reading behind the bytes that came before it.
func (f *filter) underTells(_ *BufferEvent, outcome Outcome) {
	direction := outcome & (Reading | Writing)
	switch {
	case outcome.Has(Connected):
		f.bev.state = connecting
		f.within(f.advance)
		return
	case outcome.Has(Timeout):
		f.within(func() { f.bev.timedOut(direction) })
		return
	case outcome.Has(Error) && direction.Has(Writing) && f.bev.state <= connecting:
		f.within(func() { f.bev.notConnected(f.under.Err()) })
		return
	case outcome.Has(Error) && direction == Reading|Writing:
		f.within(func() { f.bev.fail(direction, f.under.Err()) })
		return
	case outcome.Has(Error) && direction.Has(Writing):
		f.within(func() { f.bev.fail(Writing, f.under.Err()) })
	}
	if !direction.Has(Reading) || f.bev.state == closed {
		return
	}
	f.ended = true
	if outcome.Has(Error) {
		f.failure = f.under.Err()
	}
	f.underReads(f.under)
}
