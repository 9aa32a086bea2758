//go:build unix

package evbuffer

import (
	"errors"
	"io"
	"math"

	"golang.org/x/sys/unix"
)

// ErrFileRange is AddFile's answer when the file does not have the bytes that were asked for.
var ErrFileRange = errors.New("evbuffer: the file has no such range")

// AddFile appends length bytes (all that follow, if negative) of the regular file fd from offset on. WriteFD sends them by
// sendfile without bringing them into memory; whoever looks at them (Peek, Read, Search, ...) has them read then, as far as it looks.
//
// The descriptor belongs to the buffer from now on, even if AddFile fails, and is closed after its last byte.
// Its read position is neither used nor moved. The file must keep its length: should it get shorter, WriteFD and
// Read answer io.ErrUnexpectedEOF, and what returns no error ends at that place. What is not in the page cache comes from the disk, and
// the loop waits for it.
//
// Errors are [ErrFileRange], [ErrFrozen], unix.ESPIPE for what is no regular file, and fstat's. See sendfile(2).
func (b *Buffer) AddFile(fd int, offset, length int64) error {
	length, err := fileRange(fd, offset, length)
	if err == nil && b.Frozen(Back) {
		err = ErrFrozen
	}
	if err == nil && length > int64(math.MaxInt-b.length) {
		err = ErrFileRange
	}
	if err != nil || length == 0 {
		unix.Close(fd)
		return err
	}
	b.cancelReservation()
	b.push(&chunk{
		start:  int(offset),
		end:    int(offset + length),
		source: &source{holders: 1, file: fd, release: func() { unix.Close(fd) }},
	})
	b.changed(int(length), 0)
	return nil
}

// fileRange checks the range against the file and returns its length.
func fileRange(fd int, offset, length int64) (int64, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, unix.ESPIPE
	}
	if length < 0 {
		length = stat.Size - offset
	}
	if offset < 0 || length < 0 || offset > stat.Size-length || stat.Size > math.MaxInt {
		return 0, ErrFileRange
	}
	return length, nil
}

// load brings a chunk into memory that is a piece of a file: up to one large chunk of it. The rest, if any, becomes the
// next link of the chain.
func (b *Buffer) load(c *chunk) error {
	if !c.isFile() {
		return nil
	}
	size := min(c.len(), b.chunks().large.chunkBytes)
	loaded := b.chunks().contiguous(size)
	if err := preadFull(c.source.file, loaded.memory[:size], int64(c.start)); err != nil {
		b.release(loaded)
		return err
	}
	b.cancelReservation()
	if size < c.len() {
		b.linkRest(c, c.share(c.start+size, c.end))
	}
	c.leave()
	c.memory, c.start, c.end = loaded.memory, 0, size
	return nil
}

// linkRest links rest behind c, whose second part it is.
func (b *Buffer) linkRest(c, rest *chunk) {
	rest.next = c.next
	c.next = rest
	if b.last == c {
		b.last = rest
	}
}

func preadFull(fd int, p []byte, offset int64) error {
	for len(p) > 0 {
		n, err := unix.Pread(fd, p, offset)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		p = p[n:]
		offset += int64(n)
	}
	return nil
}
