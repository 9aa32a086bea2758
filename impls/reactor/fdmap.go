package reactor

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// fdmap knows which events wait for a descriptor, and what the backend has been told about it.
//
// It is an array, because descriptors are small numbers that the kernel hands out from the bottom; and one of pages, which
// grows without moving an entry or leaving garbage behind. The number is also the slot of the token, and the
// generation counts the slot's owners: what is on its way to an earlier one is thus never delivered to a later one.
type fdmap struct {
	pages   []*fdPage
	backend backend.Backend
	exists  func(fd int) error // nil if fd is a descriptor
	stats   *Stats
	debug   *debug // nil without WithDebug

	connections atomic.Int64 // events that are here, without listeners and the loop's own: what a Group compares, from another goroutine
}

// An fdPage has the entries of 256 descriptors: 4 KiB.
type fdPage [256]fdEntry

// An fdEntry has 16 bytes: a server has one for every descriptor that it ever had at once.
type fdEntry struct {
	first      *Event // in the order of Add
	generation uint32
	interest   What // what the backend has been told: the union of what the events want
}

// add enters e, and with it what it wants. If it fails, everything is as before.
//
// The backend is asked even where e wants nothing new. That is how a descriptor comes to light which was closed without Del, and
// whose number the kernel has given away again: all earlier events on it are orphans, and the new one is its only owner.
func (m *fdmap) add(e *Event) error {
	fd := int(e.descriptor)
	if err := m.grow(fd); err != nil {
		return err
	}
	m.debug.mustNotBlock(fd)
	entry := m.entry(fd)
	m.orphanOwner(entry, e)
	if entry.first == nil {
		entry.generation++
	}
	want, mixed := entry.interest|e.interest(), entry.mixes(e)
	if mixed {
		want = entry.interest // only ask whether the others are still there
	}
	err := m.tell(fd, entry, entry.interest, want)
	if err == backend.ErrReplaced {
		m.orphanAll(entry)
		want, mixed = e.interest(), false
		err = m.tell(fd, entry, 0, want)
	}
	if err == nil && mixed {
		err = fmt.Errorf("add descriptor %d: %w", fd, ErrTriggersMixed)
	}
	if err != nil {
		return err
	}
	entry.interest = want
	entry.append(e)
	m.connections.Add(e.load())
	return nil
}

// grow makes room for fd, which has to be a descriptor: a wild number must not cost memory.
func (m *fdmap) grow(fd int) error {
	if fd < m.len() {
		return nil
	}
	if err := m.exists(fd); err != nil {
		return fmt.Errorf("add descriptor %d: %w", fd, err)
	}
	for fd >= m.len() {
		m.pages = append(m.pages, new(fdPage))
	}
	return nil
}

func descriptorExists(fd int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err
}

// len is the number of descriptors that have an entry.
func (m *fdmap) len() int { return len(m.pages) * len(fdPage{}) }

// entry is for a descriptor below len.
func (m *fdmap) entry(fd int) *fdEntry {
	return &m.pages[uint(fd)/uint(len(fdPage{}))][uint(fd)%uint(len(fdPage{}))]
}

// remove takes e out, and with it what only e wanted.
func (m *fdmap) remove(e *Event) error {
	entry := m.entry(int(e.descriptor))
	entry.unlink(e)
	m.connections.Add(-e.load())
	return m.update(int(e.descriptor), entry)
}

// change gives e another interest. An event whose descriptor turns out to name another file is an orphan from now on.
func (m *fdmap) change(e *Event, what What) error {
	before := e.what
	e.what = what
	err := m.update(int(e.descriptor), m.entry(int(e.descriptor)))
	if err != nil && err != backend.ErrReplaced {
		e.what = before // the backend has refused, so nothing has changed
	}
	return err
}

// update tells the backend what the events want now, if that is something else than before.
func (m *fdmap) update(fd int, entry *fdEntry) error {
	want := entry.wanted()
	if want == entry.interest {
		return nil
	}
	err := m.tell(fd, entry, entry.interest, want)
	if err == backend.ErrReplaced {
		m.orphanAll(entry)
		return err
	}
	if err == nil {
		entry.interest = want
	}
	return err
}

func (m *fdmap) tell(fd int, entry *fdEntry, old, new What) error {
	m.stats.Sets++
	return m.backend.Set(fd, backend.NewToken(fd, entry.generation), old, new)
}

// find returns the entry that a token names, or nil if its owner is gone.
func (m *fdmap) find(token backend.Token) *fdEntry {
	slot := token.Slot()
	if slot >= m.len() {
		return nil
	}
	entry := m.entry(slot)
	if entry.generation != token.Generation() || entry.first == nil {
		return nil
	}
	return entry
}

// orphanOwner drops an earlier owner of the number where e is an owner too: that one's descriptor must have been closed behind
// its back.
func (m *fdmap) orphanOwner(entry *fdEntry, e *Event) {
	if e.marks&owner == 0 {
		return
	}
	for other := entry.first; other != nil; other = other.next {
		if other.marks&owner != 0 {
			m.tell(int(e.descriptor), entry, entry.interest, 0) // a backend may hold the lost file open
			m.orphanAll(entry)
			return
		}
	}
}

// orphanAll ends all events on a descriptor that is no longer theirs, their timeouts too: a callback that closes its idle descriptor would
// close another's. The next owner has another generation.
func (m *fdmap) orphanAll(entry *fdEntry) {
	m.debug.mustNotBeReplaced(entry)
	for entry.first != nil {
		e := entry.first
		entry.unlink(e)
		m.connections.Add(-e.load())
		e.marks &^= added
		e.Del()
		if o, ok := e.handler.(descriptorOwner); ok {
			o.disown()
		}
		m.stats.Orphans++
	}
	entry.generation++
	entry.interest = 0
}

// moveTo tells another backend all that is wanted, and uses it from then on; if it has no room for all, nothing has changed. What has
// lost its descriptor is over by then: the old backend is asked, because the new one would take the number for what it names now.
func (m *fdmap) moveTo(fresh backend.Backend) error {
	var lost []*fdEntry
	for fd := range m.len() {
		entry := m.entry(fd)
		if entry.interest == 0 {
			continue
		}
		err := m.tell(fd, entry, entry.interest, entry.interest)
		if err == nil {
			err = fresh.Set(fd, backend.NewToken(fd, entry.generation), 0, entry.interest)
		}
		switch {
		case err == backend.ErrReplaced, errors.Is(err, unix.EBADF):
			lost = append(lost, entry)
		case err != nil:
			return err
		}
	}
	m.backend = fresh
	for _, entry := range lost {
		m.orphanAll(entry)
	}
	return nil
}

// deleteAll deletes all events, and closes what owns its descriptor.
func (m *fdmap) deleteAll() {
	for fd := range m.len() {
		for entry := m.entry(fd); entry.first != nil; {
			e := entry.first
			if o, ok := e.handler.(descriptorOwner); ok {
				o.Close()
			} else {
				e.Del()
			}
		}
	}
}

// A descriptorOwner closes its descriptor, and must not once it is no longer its own.
type descriptorOwner interface {
	handler
	disown()
	Close()
}

func (entry *fdEntry) append(e *Event) {
	link := &entry.first
	for *link != nil {
		link = &(*link).next
	}
	*link = e
}

func (entry *fdEntry) unlink(e *Event) {
	for link := &entry.first; *link != nil; link = &(*link).next {
		if *link == e {
			*link, e.next = e.next, nil
			return
		}
	}
}

// load is what an event counts for among the connections of a base.
func (e *Event) load() int64 {
	if _, listens := e.handler.(*Listener); listens || e.marks&internal != 0 {
		return 0
	}
	return 1
}

// mixes reports whether e wants edges where the others want levels, or the other way about.
func (entry *fdEntry) mixes(e *Event) bool {
	return entry.interest != 0 && e.interest() != 0 && (entry.interest ^ e.what).Has(ET)
}

// wanted is the union of what the events want.
func (entry *fdEntry) wanted() (want What) {
	for e := entry.first; e != nil; e = e.next {
		want |= e.interest()
	}
	return want
}

// interest is what an event wants of a backend; nothing is wanted by the edge alone.
func (e *Event) interest() What {
	if !e.what.Has(backend.Interest) || e.marks&unwatched != 0 {
		return 0
	}
	return e.what & (backend.Interest | ET)
}
