package reactor

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A socketFile is the file by which a unix socket is found. It outlives its server, which has to be told from one that lives.
type socketFile struct {
	path string
	id   os.FileInfo // what the file was when it was bound; nil: there is none
}

// bindSocketFile binds fd to path, in the place of a file that a dead server has left.
func bindSocketFile(fd int, path string) (socketFile, error) {
	address := &unix.SockaddrUnix{Name: path}
	err := unix.Bind(fd, address)
	if err == unix.EADDRINUSE && abandoned(path) {
		os.Remove(path)
		err = unix.Bind(fd, address)
	}
	if err != nil {
		return socketFile{}, os.NewSyscallError("bind", err)
	}
	if abstract(path) {
		return socketFile{}, nil
	}
	id, _ := os.Lstat(path)
	return socketFile{path, id}, nil
}

// abstract reports whether path names a socket without a file, as Linux has them.
func abstract(path string) bool {
	return runtime.GOOS == "linux" && (path == "" || path[0] == '@' || path[0] == 0)
}

// abandoned reports that path is a socket, and that nobody listens there: then a connection is refused. One that is
// accepted, or that would have to wait, is met by somebody.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return false
	}
	fd, err := newSocket(unix.AF_UNIX)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: path}) == unix.ECONNREFUSED
}

// remove removes the file, unless another server has taken its place meanwhile.
func (f *socketFile) remove() {
	if f.id == nil {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(now, f.id) {
		os.Remove(f.path)
	}
	f.id = nil
}
