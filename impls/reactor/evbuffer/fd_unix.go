//go:build unix

package evbuffer

// maxExtents bounds one writev: libevent's number, an eighth of what Linux and the BSDs take (IOV_MAX, 1024). 128 small chunks are
// 256 KiB, which is about what a socket accepts at once.
const maxExtents = 128

// ReadFD appends what one read (or readv) brings: at most max bytes, at most the room of the last chunk and one
// large chunk; max <= 0 asks for a large chunk's worth. (0, nil) means that the stream has ended. A non-blocking descriptor
// without data answers unix.EAGAIN. The descriptor must not block: the call does not tell the Go scheduler.
func (b *Buffer) ReadFD(fd, max int) (int, error) {
	if b.Frozen(Back) {
		return 0, ErrFrozen
	}
	b.cancelReservation()
	p := b.chunks()
	if max <= 0 {
		max = p.large.chunkBytes
	}
	room := b.last.room()
	if len(room) >= max {
		n, err := readFD(fd, room[:max])
		b.extend(n)
		b.changed(n, 0)
		return n, err
	}
	spare := p.large.take()
	n, err := readSpill(fd, room, spare.memory[:min(max-len(room), len(spare.memory))])
	b.keepSpill(spare, n-b.extend(min(n, len(room))))
	b.changed(n, 0)
	return n, err
}

// keepSpill links the n bytes that a read laid into a fresh large chunk.
func (b *Buffer) keepSpill(c *chunk, n int) {
	if n == 0 {
		b.chunks().put(c)
		return
	}
	c.end = n
	b.push(c)
	b.settle(c)
}

// readSpill reads into room and on into spare.
func readSpill(fd int, room, spare []byte) (int, error) {
	if len(room) == 0 {
		return readFD(fd, spare)
	}
	return readFD2(fd, room, spare)
}

// WriteFD sends from the front what one system call takes, at most max bytes (no bound, if max <= 0), and drains what
// was sent: a write for one chunk, a writev for several, a sendfile for a piece of a file. A short count is no error. A
// non-blocking descriptor that takes nothing answers unix.EAGAIN. An empty buffer answers (0, nil) without a system call.
func (b *Buffer) WriteFD(fd, max int) (int, error) {
	if b.Frozen(Front) {
		return 0, ErrFrozen
	}
	if max <= 0 || max > b.length {
		max = b.length
	}
	if max == 0 {
		return 0, nil
	}
	n, err := b.send(fd, max)
	if n > 0 {
		b.drop(n)
		b.changed(0, n)
	}
	return n, err
}

func (b *Buffer) send(fd, max int) (int, error) {
	c := b.first
	switch {
	case c.isFile():
		return b.sendFile(fd, c, max)
	case c.len() >= max || c.next.isFile():
		return writeFD(fd, c.bytes()[:min(max, c.len())])
	}
	return b.writeGathered(fd, max)
}

// sendLoaded sends a piece of a file the way that works everywhere: through memory.
func (b *Buffer) sendLoaded(fd int, c *chunk, max int) (int, error) {
	if err := b.load(c); err != nil {
		return 0, err
	}
	return writeFD(fd, c.bytes()[:min(max, c.len())])
}
