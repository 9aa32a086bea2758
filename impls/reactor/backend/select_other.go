//go:build unix && !linux

package backend

import (
	"fmt"
	"math/bits"
	"time"

	"golang.org/x/sys/unix"
)

// fitsSelect refuses what has no bit in a unix.FdSet. The manuals of the BSDs allow a larger one; macOS refuses it with EINVAL, unless
// the call is made by another name, which package unix does not have.
func fitsSelect(fd int) error {
	if fd >= unix.FD_SETSIZE {
		return fmt.Errorf("select here has room for descriptors below %d only, unlike kqueue and poll", unix.FD_SETSIZE)
	}
	return nil
}

// waitSelect is select, whose timeout is rounded up to microseconds: late is allowed, early is not.
func waitSelect(sets *selectSets, timeout time.Duration) (int, error) {
	var read, write unix.FdSet
	end := min(wordBits*len(sets.read), unix.FD_SETSIZE)
	for fd := sets.next(0, end); fd >= 0; fd = sets.next(fd+1, end) {
		if what := sets.what(fd); what.Has(Read) {
			read.Set(fd)
		}
		if what := sets.what(fd); what.Has(Write) {
			write.Set(fd)
		}
	}
	var limit *unix.Timeval
	if timeout >= 0 {
		rounded := unix.NsecToTimeval(int64(kernelTimeout(timeout) + time.Microsecond - 1))
		limit = &rounded
	}
	count, err := unix.Select(end, &read, &write, nil, limit)
	if err != nil {
		return 0, err
	}
	sets.keep(&read, &write, end)
	return count, nil
}

// keep takes away the bits of what is not ready.
func (sets *selectSets) keep(read, write *unix.FdSet, end int) {
	for fd := sets.next(0, end); fd >= 0; fd = sets.next(fd+1, end) {
		word, bit := fd/wordBits, uintptr(1)<<(fd%wordBits)
		if !read.IsSet(fd) {
			sets.read[word] &^= bit
		}
		if !write.IsSet(fd) {
			sets.write[word] &^= bit
		}
	}
}

// next returns the first descriptor in [from, end) that has a bit set, or -1. It looks at whole words: most are empty.
func (sets *selectSets) next(from, end int) int {
	for from < end {
		word := from / wordBits
		left := (sets.read[word] | sets.write[word]) >> (from % wordBits)
		if left == 0 {
			from = (word + 1) * wordBits
			continue
		}
		if from += bits.TrailingZeros(uint(left)); from < end {
			return from
		}
	}
	return -1
}

func (sets *selectSets) what(fd int) (what What) {
	word, bit := fd/wordBits, uintptr(1)<<(fd%wordBits)
	if sets.read[word]&bit != 0 {
		what |= Read
	}
	if sets.write[word]&bit != 0 {
		what |= Write
	}
	return what
}
