package evbuffer

import (
	"io"

	"golang.org/x/sys/unix"
)

// maxSendfile is what Linux transfers at most in one call (MAX_RW_COUNT: INT_MAX rounded down to a page).
const maxSendfile = 0x7ffff000

// sendFile sends a piece of a file without bringing it into the process. A disk may be slow, so this call tells the scheduler.
func (b *Buffer) sendFile(fd int, c *chunk, max int) (int, error) {
	offset := int64(c.start)
	count := min(max, c.len(), maxSendfile)
	for {
		n, err := unix.Sendfile(fd, c.source.file, &offset, count)
		switch {
		case err == unix.EINTR:
		case err == unix.EINVAL || err == unix.ENOSYS: // this file system or this target cannot; reading can
			return b.sendLoaded(fd, c, max)
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.ErrUnexpectedEOF
		default:
			return n, nil
		}
	}
}
