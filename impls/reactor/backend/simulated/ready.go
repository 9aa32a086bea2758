package simulated

import "reactorbench/impls/reactor/backend"

const everything = backend.Read | backend.Write | backend.Closed

// state is what a file is ready for, whoever asks. Hang-ups and errors are everything, wanted or not.
func (f *file) state() backend.What {
	switch {
	case f.bell != nil:
		if f.bell.rung {
			return backend.Read
		}
	case f.queue != nil:
		if len(f.queue.waiting) > 0 {
			return backend.Read
		}
	default:
		return f.end.state()
	}
	return 0
}

func (e *End) state() (what backend.What) {
	switch {
	case e.reset, e.pending != 0, e.finIn && e.finSent, e.direct && e.peer.closed:
		return everything
	case e.connecting:
		return 0
	}
	if e.in.len() > 0 || e.finIn {
		what |= backend.Read
	}
	if e.finIn {
		what |= backend.Closed
	}
	if e.hasRoom() || e.finSent {
		what |= backend.Write
	}
	return what
}

// edges are how often a file has become ready.
func (f *file) edges() (arrivals, vacancy uint32) {
	switch {
	case f.bell != nil:
		return f.bell.edges + 1, 0
	case f.queue != nil:
		return f.queue.edges + 1, 0
	default:
		return f.end.arrivals, f.end.vacancy
	}
}

// tells is what a wait says of a registration now.
func (p *Poller) tells(r *registration) backend.What {
	f := p.looked(r)
	early := p.Style.Features.Has(backend.EarlyClose)
	state := f.state()
	what := state & r.what
	switch {
	case state == everything && early:
		what = everything
	case !early:
		what &^= backend.Closed
	}
	if r.what.Has(backend.ET) && p.Style.Features.Has(backend.EdgeTriggered) {
		if arrivals, vacancy := f.edges(); arrivals == r.arrivals && vacancy == r.vacancy {
			return 0
		}
	}
	return what
}

// mostOmitted bounds how often a wait may leave out what is ready: a kernel goes round.
const mostOmitted = 4

// report fills ready with some of what is ready, in an order of its own.
func (p *Poller) report(ready []backend.Ready) (n int) {
	k := p.kernel
	p.forgetClosed()
	p.candidates = p.candidates[:0]
	for i := range p.registrations {
		if p.tells(&p.registrations[i]) != 0 {
			p.candidates = append(p.candidates, i)
		}
	}
	few := len(p.candidates) > 1 && k.strikes(k.Faults.Few)
	for left := p.candidates; len(left) > 0; left = left[1:] {
		r := p.pick(left)
		if n == len(ready) || few && n > 0 && r.omitted < mostOmitted && k.choose.Below(2) == 1 {
			r.omitted++
			continue
		}
		n += p.tell(r, ready[n:])
	}
	if len(p.registrations) > 0 && n < len(ready) && k.strikes(k.Faults.Spurious) {
		n += p.pretend(&p.registrations[k.choose.Below(len(p.registrations))], ready[n:])
	}
	return n
}

// pick moves the next one to the front: any, unless one has been left out too often.
func (p *Poller) pick(left []int) *registration {
	at := p.kernel.choose.Below(len(left))
	for i, candidate := range left {
		if p.registrations[candidate].omitted >= mostOmitted {
			at = i
			break
		}
	}
	left[0], left[at] = left[at], left[0]
	return &p.registrations[left[0]]
}

// tell reports a registration, in one piece or in two.
func (p *Poller) tell(r *registration, ready []backend.Ready) int {
	what := p.tells(r)
	p.kernel.note(Told, r.fd, int(what), int(r.token.Generation()))
	split := p.Split && what != everything && what.Has(backend.Read) && what.Has(backend.Write)
	if split && len(ready) == 1 {
		one := [...]backend.What{what &^ backend.Write, backend.Write}[p.kernel.choose.Below(2)]
		ready[0] = backend.Ready{Token: r.token, What: one}
		return 1 // and the rest another time
	}
	r.omitted = 0
	r.arrivals, r.vacancy = p.looked(r).edges()
	if split {
		ready[0] = backend.Ready{Token: r.token, What: what &^ backend.Write}
		ready[1] = backend.Ready{Token: r.token, What: backend.Write}
		return 2
	}
	ready[0] = backend.Ready{Token: r.token, What: what}
	return 1
}

// pretend reports what is not so, as a kernel does that finds out too late. It never does about Closed, nor about an attempt to
// connect: there a report is all that the user has.
func (p *Poller) pretend(r *registration, ready []backend.Ready) int {
	what := r.what & (backend.Read | backend.Write)
	if end := p.looked(r).end; what == 0 || end != nil && end.connecting {
		return 0
	}
	p.kernel.Progress++
	p.kernel.note(Told, r.fd, int(what), -1)
	ready[0] = backend.Ready{Token: r.token, What: what}
	return 1
}

// forgetClosed drops the numbers that name nothing any more.
func (p *Poller) forgetClosed() {
	if p.ByNumber {
		p.drop(func(r registration) bool { return p.kernel.file(r.fd) == nil })
	}
}
