package evbuffer

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestB19SendfileKeepsTheFileOutOfMemory(t *testing.T) {
	fds := socketpair(t)
	b := New(nil)
	b.AddFile(opened(t, "0123456789"), 0, -1)
	if n, err := b.WriteFD(fds[0], 4); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if !b.first.isFile() {
		t.Error("the rest was read into memory")
	}
	wantContent(t, b, "456789")
}

func TestB19SendfileSaysWhenTheSocketIsFull(t *testing.T) {
	fds := socketpair(t)
	for n := 1; n > 0; {
		n, _ = writeFD(fds[0], make([]byte, 1<<16))
	}
	b := New(nil)
	b.AddFile(opened(t, "0123456789"), 0, -1)
	if n, err := b.WriteFD(fds[0], 0); n != 0 || err != unix.EAGAIN {
		t.Errorf("WriteFD = %d, %v", n, err)
	}
	wantContent(t, b, "0123456789")
}

// Linux refuses to sendfile into a file that is open for appending.
func TestB19WhereSendfileCannotReadingCan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	b := New(nil)
	b.AddFile(opened(t, "0123456789"), 0, -1)
	if n, err := b.WriteFD(int(log.Fd()), 7); n != 7 || err != nil {
		t.Fatalf("WriteFD = %d, %v", n, err)
	}
	wantContent(t, b, "789")
	if got, _ := io.ReadAll(io.NewSectionReader(log, 0, 100)); string(got) != "0123456" {
		t.Errorf("the target holds %q", got)
	}
}
