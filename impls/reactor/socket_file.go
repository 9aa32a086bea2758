package reactor

import (
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// A socketFile is the file by which a unix socket is found. It outlives its server, which has to be told from one that lives.
//
// To look whether a file is abandoned, and then to take its place, are two steps. So that of several servers that start at the same
// instant exactly one gets the name, all of it happens under a lock on the directory, up to and including listen: before that, even
// the winner would look dead. The lock leaves nothing behind, and dies with its process. It does not bind programs
// that know nothing of it, it is not taken in a directory that may not be read, and over NFS it is worth what the server makes of it.
type socketFile struct {
	path string
	id   os.FileInfo // what the file was when it was bound; nil: there is none
}

// listenAtFile has fd listen at path, in the place of a file that a dead server has left.
func listenAtFile(fd int, path string, backlog int) (socketFile, error) {
	if abstract(path) {
		err := os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
		if err == nil {
			err = os.NewSyscallError("listen", unix.Listen(fd, backlog))
		}
		return socketFile{}, err
	}
	unlock, err := lockDirectory(filepath.Dir(path))
	if err != nil {
		return socketFile{}, err
	}
	defer unlock()
	if err := bindSocketFile(fd, path); err != nil {
		return socketFile{}, os.NewSyscallError("bind", err)
	}
	id, _ := os.Lstat(path)
	if err := unix.Listen(fd, backlog); err != nil {
		os.Remove(path)
		return socketFile{}, os.NewSyscallError("listen", err)
	}
	return socketFile{path, id}, nil
}

func bindSocketFile(fd int, path string) error {
	address := &unix.SockaddrUnix{Name: path}
	err := unix.Bind(fd, address)
	if err == unix.EADDRINUSE && abandoned(path) {
		os.Remove(path)
		err = unix.Bind(fd, address)
	}
	return err
}

// longestLockWait is far more than a bind takes. Who holds the lock for longer is not one of us.
const longestLockWait = 2 * time.Second

// lockDirectory waits for the lock on a directory. A directory that cannot be opened is not locked: whether a socket may be made in
// it is for bind to say.
func lockDirectory(directory string) (unlock func(), err error) {
	fd, err := unix.Open(directory, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() {}, nil
	}
	for deadline := time.Now().Add(longestLockWait); ; time.Sleep(time.Millisecond) {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { unix.Close(fd) }, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR || time.Now().After(deadline) {
			unix.Close(fd)
			return nil, &os.PathError{Op: "lock", Path: directory, Err: err}
		}
	}
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
	for deadline := time.Now().Add(longestDeath); ; time.Sleep(time.Millisecond) {
		refused, dying := knock(path)
		if refused {
			return true
		}
		if !dying || time.Now().After(deadline) {
			return false
		}
	}
}

// longestDeath is how long a socket may outlive its process before it counts as inherited by another. What is under way on an
// io_uring the kernel lets go of a little later: median 5 ms, and 1.2 s on a machine with both cores busy. It is less than
// others wait for the lock.
const longestDeath = longestLockWait * 3 / 4

// knock connects to path. It reports that nobody listens there, or that somebody does whose process is gone.
func knock(path string) (refused, dying bool) {
	fd, err := newSocket(unix.AF_UNIX)
	if err != nil {
		return false, false
	}
	defer unix.Close(fd)
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	return err == unix.ECONNREFUSED, err == nil && listenerGone(fd)
}

// remove removes the file, unless another server has taken its place meanwhile.
func (f *socketFile) remove() {
	if f.id == nil {
		return
	}
	if unlock, err := lockDirectory(filepath.Dir(f.path)); err == nil {
		defer unlock()
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(now, f.id) {
		os.Remove(f.path)
	}
	f.id = nil
}
