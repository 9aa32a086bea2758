//go:build unix

package backend

import (
	"fmt"
	"math/bits"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// selector is the method select, oldest of all: one bitmap of descriptors to read from and one of those to write to. The kernel
// takes away the bits of those that are not ready, so that each wait works on a copy.
//
// Two bits are all it has to tell with. An error or a reset shows as being ready for what was asked; Closed cannot be asked at
// all, and an interest in nothing else is never told anything. Nor is one in Write alone told of a hang-up for as long as
// there is no room to write.
type selector struct {
	owners pages[selectOwner] // by descriptor
	wanted selectSets         // what Set asked for
	ready  selectSets         // the copy for the kernel
	first  int                // the descriptor where the next walk begins, so that nobody is always last
	eager  eagerness
	timeslice
}

// A selectOwner is what a bit has no room for.
type selectOwner struct {
	token Token
	file  fileID // see poll: select too knows only numbers
	what  What   // 0: not registered
}

// selectSets are two bitmaps, as long as the highest registered descriptor needs them. This is where select's famous limit is,
// 1024: it is the size of the C library's fd_set and not the kernel's.
type selectSets struct{ read, write []uintptr }

const wordBits = bits.UintSize

var _ Backend = (*selector)(nil)

func openSelect() (Backend, error) { return &selector{}, nil }

func (s *selector) Name() string       { return "select" }
func (s *selector) Features() Features { return 0 }
func (s *selector) Close() error       { return nil }

func (s *selector) Set(fd int, token Token, old, new What) error {
	switch old, new = old&Interest, new&Interest; {
	case old == 0 && new == 0:
		return nil
	case old == 0:
		return s.add(fd, token, new)
	case new == 0:
		s.remove(fd)
		return nil
	default:
		return s.modify(fd, token, new)
	}
}

func (s *selector) add(fd int, token Token, what What) error {
	file, err := identify(fd)
	if err == nil {
		err = fitsSelect(fd)
	}
	if err != nil {
		return fmt.Errorf("select add descriptor %d: %w", fd, err)
	}
	s.grow(fd)
	*s.owners.at(fd) = selectOwner{token, file, what}
	s.mark(fd, what)
	return nil
}

func (s *selector) modify(fd int, token Token, what What) error {
	if !s.knows(fd) {
		return ErrReplaced
	}
	owner := s.owners.at(fd)
	if file, err := identify(fd); err != nil || file != owner.file {
		return ErrReplaced
	}
	owner.token, owner.what = token, what
	s.mark(fd, what)
	return nil
}

func (s *selector) remove(fd int) {
	if !s.knows(fd) {
		return
	}
	*s.owners.at(fd) = selectOwner{}
	s.mark(fd, 0)
	s.shrink()
}

func (s *selector) knows(fd int) bool { return fd < s.owners.len() && s.owners.at(fd).what != 0 }

// mark brings the two bits of fd in line with what.
func (s *selector) mark(fd int, what What) {
	s.grow(fd) // the word may have been left out by shrink, if nothing but Closed was wanted
	word, bit := fd/wordBits, uintptr(1)<<(fd%wordBits)
	s.wanted.read[word] &^= bit
	s.wanted.write[word] &^= bit
	if what.Has(Read) {
		s.wanted.read[word] |= bit
	}
	if what.Has(Write) {
		s.wanted.write[word] |= bit
	}
}

// grow makes room for fd.
func (s *selector) grow(fd int) {
	s.owners.grow(fd)
	for words := len(s.wanted.read); words <= fd/wordBits; words++ {
		s.wanted.read = append(s.wanted.read, 0)
		s.wanted.write = append(s.wanted.write, 0)
	}
}

// shrink leaves out the last words once they are empty: a wait costs by the highest descriptor, not by how many there are.
func (s *selector) shrink() {
	words := len(s.wanted.read)
	for words > 0 && s.wanted.read[words-1]|s.wanted.write[words-1] == 0 {
		words--
	}
	s.wanted.read, s.wanted.write = s.wanted.read[:words], s.wanted.write[:words]
}

// Wait walks over what the kernel has left of the bitmaps, from where the last walk ended.
func (s *selector) Wait(ready []Ready, timeout time.Duration) (int, error) {
	count, err := s.eager.wait(timeout, func(limit time.Duration) (int, error) {
		if limit != 0 {
			s.yieldWhenDue()
		}
		s.ready.read = append(s.ready.read[:0], s.wanted.read...)
		s.ready.write = append(s.ready.write[:0], s.wanted.write...)
		return waitSelect(&s.ready, limit)
	})
	switch {
	case err == unix.EBADF:
		s.forgetClosed()
		return 0, nil // as if interrupted
	case err == unix.EINTR || err == nil && count == 0:
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("select", err)
	}
	start, end := s.first, wordBits*len(s.ready.read)
	n := s.collect(ready, start, end)
	return n + s.collect(ready[n:], 0, min(start, end)), nil
}

// collect fills ready with the ready descriptors in [from, end), and leaves first behind the last that had room. It looks at whole
// words: most are empty.
func (s *selector) collect(ready []Ready, from, end int) (n int) {
	unseen := ^uintptr(0) << (from % wordBits)
	for word := from / wordBits; word*wordBits < end; word++ {
		read, write := s.ready.read[word]&unseen, s.ready.write[word]&unseen
		unseen = ^uintptr(0)
		for left := read | write; left != 0; left &= left - 1 {
			bit := bits.TrailingZeros(uint(left))
			fd := word*wordBits + bit
			if n == len(ready) || fd >= end {
				return n
			}
			ready[n] = Ready{Token: s.owners.at(fd).token, What: What(read>>bit&1)*Read | What(write>>bit&1)*Write}
			n++
			s.first = fd + 1
		}
	}
	return n
}

// forgetClosed drops what was closed while registered. One such descriptor makes the whole call fail, and the kernel does not say
// which it is: ask for each. If none is found, the number has come back to life since.
func (s *selector) forgetClosed() {
	for fd := range s.owners.len() {
		if !s.knows(fd) {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			s.remove(fd)
		}
	}
}
