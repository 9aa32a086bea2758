package simulated

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// A Style is how a method differs from the others within the contract of package backend.
type Style struct {
	Name     string
	Features backend.Features
	ByFile   bool // a registration is of the file: it outlives a number that is closed while a duplicate keeps the file open
	ByNumber bool // a registration is of the number: it is not noticed that the number comes to name another file
	Split    bool // the directions of a descriptor are reported apart
}

// The styles of the methods that there are.
var (
	Epoll  = Style{Name: "epoll", Features: backend.EdgeTriggered | backend.ConstantTime | backend.EarlyClose, ByFile: true}
	Kqueue = Style{Name: "kqueue", Features: backend.EdgeTriggered | backend.ConstantTime | backend.EarlyClose, Split: true}
	Poll   = Style{Name: "poll", Features: backend.EarlyClose, ByNumber: true}
	Select = Style{Name: "select", ByNumber: true}
)

// ErrDeadlock is returned by a Wait without limit that nothing will ever end.
var ErrDeadlock = errors.New("the loop sleeps for ever: nothing is ready, no time is set, and nothing more is going to happen")

// A Poller is the backend of one loop over the kernel.
type Poller struct {
	Style

	kernel        *Kernel
	registrations []registration
	candidates    []int // scratch of Wait: what is ready
	closedAlready bool
}

type registration struct {
	fd       int
	file     *file
	token    backend.Token
	what     backend.What
	arrivals uint32 // of the last report, for edges
	vacancy  uint32
	omitted  int // waits in a row that did not report it although it was ready
}

// looked is the file that a wait looks at: for a style that knows only numbers, whatever the number names by now.
func (p *Poller) looked(r *registration) *file {
	if p.ByNumber {
		return p.kernel.file(r.fd)
	}
	return r.file
}

var _ backend.Backend = (*Poller)(nil)

// NewPoller returns a backend in a style.
func (k *Kernel) NewPoller(style Style) *Poller {
	p := &Poller{Style: style, kernel: k}
	k.pollers = append(k.pollers, p)
	return p
}

// Name is "simulated" and the name of the style.
func (p *Poller) Name() string { return "simulated " + p.Style.Name }

// Features are those of the style.
func (p *Poller) Features() backend.Features { return p.Style.Features }

// Close forgets the poller; a second time it is unix.EBADF, as of a descriptor.
func (p *Poller) Close() error {
	if p.closedAlready {
		return unix.EBADF
	}
	p.closedAlready = true
	p.kernel.pollers = slices.DeleteFunc(p.kernel.pollers, func(other *Poller) bool { return other == p })
	return nil
}

// Interest is what the poller was last told about a descriptor that still names what it named then.
func (p *Poller) Interest(fd int) (backend.What, bool) {
	for i := range p.registrations {
		if r := &p.registrations[i]; r.fd == fd && r.file == p.kernel.file(fd) {
			return r.what, true
		}
	}
	return 0, false
}

// closed is told when the kernel closes a descriptor.
func (p *Poller) closed(fd int, f *file) {
	switch {
	case p.ByNumber: // found out when next looked at
	case p.ByFile:
		if f.descriptors == 0 {
			p.drop(func(r registration) bool { return r.file == f })
		}
	default:
		p.drop(func(r registration) bool { return r.fd == fd })
	}
}

func (p *Poller) drop(which func(registration) bool) {
	p.registrations = slices.DeleteFunc(p.registrations, which)
}

// Set changes an interest; its errors are those of the contract, and such as the kernel's Faults have it make.
func (p *Poller) Set(fd int, token backend.Token, old, new backend.What) error {
	const all = backend.Interest | backend.ET
	old, new = old&all, new&all
	p.kernel.note(Set, fd, int(old), int(new))
	switch old, added := old&backend.Interest, new&backend.Interest; {
	case old == 0 && added == 0:
		return nil
	case old == 0:
		return p.add(fd, token, new)
	case added == 0:
		p.remove(fd)
		return nil
	default:
		return p.modify(fd, token, old, new)
	}
}

// refuse decides whether there is no memory for one more interest. To want less is never refused.
func (p *Poller) refuse(verb string, fd int) error {
	k := p.kernel
	if !k.strikes(k.Faults.Refuse) {
		return nil
	}
	k.Progress++
	k.note(Refused, fd, 0, 0)
	errno := unix.ENOMEM
	if k.choose.Below(2) == 1 {
		errno = unix.ENOSPC
	}
	return fmt.Errorf("simulated %s descriptor %d: %w", verb, fd, errno)
}

func (p *Poller) add(fd int, token backend.Token, what backend.What) error {
	f := p.kernel.file(fd)
	if f == nil {
		return fmt.Errorf("simulated add descriptor %d: %w", fd, unix.EBADF)
	}
	if err := p.refuse("add", fd); err != nil {
		return err
	}
	if at := p.find(fd, f); at >= 0 {
		p.registrations[at] = registration{fd: fd, file: f, token: token, what: what}
		return nil
	}
	if !p.ByFile {
		p.drop(func(r registration) bool { return r.fd == fd })
	}
	p.registrations = append(p.registrations, registration{fd: fd, file: f, token: token, what: what})
	return nil
}

func (p *Poller) modify(fd int, token backend.Token, old, what backend.What) error {
	f := p.kernel.file(fd)
	at := p.find(fd, f)
	if f == nil || at < 0 {
		return backend.ErrReplaced
	}
	if p.Split && what&^old&backend.Interest != 0 {
		if err := p.refuse("modify", fd); err != nil {
			return err
		}
	}
	r := &p.registrations[at]
	*r = registration{fd: fd, file: f, token: token, what: what, omitted: r.omitted}
	return nil
}

func (p *Poller) remove(fd int) {
	f := p.kernel.file(fd)
	if p.ByNumber {
		p.drop(func(r registration) bool { return r.fd == fd })
	} else if f != nil {
		p.drop(func(r registration) bool { return r.fd == fd && r.file == f })
	}
}

func (p *Poller) find(fd int, f *file) int {
	return slices.IndexFunc(p.registrations, func(r registration) bool { return r.fd == fd && r.file == f })
}

// Wait lets the world go on until something is ready or the time is over.
func (p *Poller) Wait(ready []backend.Ready, timeout time.Duration) (int, error) {
	k := p.kernel
	k.note(Turn, 0, int(timeout), len(p.registrations))
	k.happen()
	if k.strikes(k.Faults.Interrupt) {
		return p.interrupted(timeout)
	}
	deadline := k.now + timeout
	for {
		if n := p.report(ready); n > 0 {
			return n, nil
		}
		if timeout == 0 {
			return 0, nil
		}
		due, any := k.nextHappening()
		switch {
		case timeout > 0 && (!any || due > deadline):
			k.now = deadline
			if k.strikes(k.Faults.Late) {
				k.now += time.Duration(k.choose.Below(5000)) * time.Microsecond
			}
			k.Progress++
			k.happen()
			return p.report(ready), nil
		case !any:
			return 0, ErrDeadlock
		}
		k.now = max(k.now, due)
		k.happen()
	}
}

func (k *Kernel) nextHappening() (time.Duration, bool) {
	if len(k.agenda.heap) == 0 {
		return 0, false
	}
	return k.agenda.heap[0].at, true
}

// interrupted is a wait that a signal ends, some time before its time.
func (p *Poller) interrupted(timeout time.Duration) (int, error) {
	k := p.kernel
	k.Progress++
	k.note(Interrupted, 0, 0, 0)
	if due, any := k.nextHappening(); timeout > 0 && (!any || due > k.now+timeout) {
		k.now += time.Duration(k.choose.Below(int(min(timeout, time.Second))))
	}
	return 0, nil
}
