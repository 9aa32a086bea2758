//go:build unix

package evbuffer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// opened returns a descriptor of a new file with content.
func opened(t *testing.T, content string) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// received sends all of b through the pair and returns what arrived.
func received(t *testing.T, fds [2]int, b *Buffer) string {
	t.Helper()
	got := New(nil)
	for b.Len() > 0 {
		if _, err := b.WriteFD(fds[0], 0); err != nil && err != unix.EAGAIN {
			t.Fatal(err)
		}
		valid(t, b)
		got.ReadFD(fds[1], 0)
	}
	for n := 1; n > 0; {
		n, _ = got.ReadFD(fds[1], 0)
	}
	return content(got)
}

func TestB19FileArrivesUnchanged(t *testing.T) {
	for _, size := range []int{1, 1000, 300_000} {
		text := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		for _, part := range [][2]int{{0, -1}, {0, size}, {size / 2, -1}, {size / 3, size / 3}, {size - 1, 1}, {size, 0}} {
			for _, look := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d/%v/look=%v", size, part, look), func(t *testing.T) {
					fds := socketpair(t) // first, or it would reuse the number of the closed file
					fd := opened(t, text)
					b := New(NewPool(0, 8))
					b.Write([]byte("header "))
					if err := b.AddFile(fd, int64(part[0]), int64(part[1])); err != nil {
						t.Fatal(err)
					}
					b.Write([]byte(" trailer"))
					want := text[part[0]:]
					if part[1] >= 0 {
						want = want[:part[1]]
					}
					if look { // reads the pieces into memory, which takes the way without sendfile
						wantContent(t, b, "header "+want+" trailer")
					}
					if received(t, fds, b) != "header "+want+" trailer" {
						t.Error("arrived changed")
					}
					if isOpen(fd) {
						t.Error("the descriptor is still open")
					}
				})
			}
		}
	}
}

func TestB20RefusedFileIsClosed(t *testing.T) {
	pipe := make([]int, 2)
	if err := unix.Pipe(pipe); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	frozen := new(Buffer)
	frozen.Freeze(Back)
	for name, c := range map[string]struct {
		buffer         *Buffer
		fd             int
		offset, length int64
		want           error
	}{
		"beyond the end":     {new(Buffer), opened(t, "abc"), 1, 3, ErrFileRange},
		"offset too large":   {new(Buffer), opened(t, "abc"), 4, -1, ErrFileRange},
		"negative offset":    {new(Buffer), opened(t, "abc"), -1, 1, ErrFileRange},
		"not a regular file": {new(Buffer), pipe[0], 0, 1, unix.ESPIPE},
		"no descriptor":      {new(Buffer), -1, 0, 1, unix.EBADF},
		"frozen":             {frozen, opened(t, "abc"), 0, 3, ErrFrozen},
		"nothing to add":     {new(Buffer), opened(t, "abc"), 1, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.buffer.AddFile(c.fd, c.offset, c.length); !errors.Is(err, c.want) {
				t.Errorf("AddFile: %v, want %v", err, c.want)
			}
			if isOpen(c.fd) {
				t.Error("the descriptor is still open")
			}
			wantContent(t, c.buffer, "")
		})
	}
}

func TestB20FileIsClosedAfterTheLastOfItsHolders(t *testing.T) {
	fd := opened(t, "0123456789")
	a, b, c := New(nil), New(nil), New(nil)
	a.AddFile(fd, 0, -1)
	b.AddBufferReference(a)
	a.RemoveTo(c, 4)
	a.Reset()
	c.Reset()
	if !isOpen(fd) {
		t.Fatal("closed although a buffer still needs it")
	}
	wantContent(t, b, "0123456789")
	if isOpen(fd) {
		t.Error("still open although all of it is in memory")
	}
}

func TestAFileCanBeSearchedAndCut(t *testing.T) {
	b := New(NewPool(16, 8)) // loaded in pieces of 16 bytes
	b.AddFile(opened(t, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 4, -1)
	if line, ok := b.ReadLine(CRLF); !ok || string(line) != "/ HTTP/1.1" {
		t.Errorf("first line %q", line)
	}
	if at := b.Search([]byte("localhost")); at != 6 {
		t.Errorf("localhost at %d, want 6", at)
	}
	if p := b.Pullup(17); string(p) != "Host: localhost\r\n" {
		t.Errorf("Pullup: %q", p)
	}
	wantContent(t, b, "Host: localhost\r\n\r\n")
}

func TestAFileThatGotShorterIsAnError(t *testing.T) {
	fds := socketpair(t)
	for name, use := range map[string]func(b *Buffer) (int, error){
		"WriteFD": func(b *Buffer) (int, error) { return b.WriteFD(fds[0], 0) },
		"Read":    func(b *Buffer) (int, error) { return b.Read(make([]byte, 10)) },
	} {
		t.Run(name, func(t *testing.T) {
			fd := opened(t, "0123456789")
			pool := NewPool(64, 1)
			b := New(pool)
			b.AddFile(fd, 5, 5)
			unix.Ftruncate(fd, 5)
			if n, err := use(b); n != 0 || err != io.ErrUnexpectedEOF {
				t.Errorf("%d, %v", n, err)
			}
			if b.Pullup(1) != nil || b.Peek(nil, -1) != 0 || b.Search([]byte("5")) != -1 {
				t.Error("bytes are shown that are not there")
			}
			if at, _ := b.SearchEOL(ANY, 0); at != -1 {
				t.Error("an end of line in bytes that are not there")
			}
			if name == "Read" && pool.large.count == 0 {
				t.Error("the chunk that was to take the bytes did not go back to the pool")
			}
			valid(t, b)
			b.Reset()
			if isOpen(fd) {
				t.Error("the descriptor is still open")
			}
		})
	}
}
