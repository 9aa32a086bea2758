//go:build unix && !linux

package evbuffer

func (b *Buffer) sendFile(fd int, c *chunk, max int) (int, error) { return b.sendLoaded(fd, c, max) }
