package impls

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// OnOwnThread runs f in a goroutine on an OS thread that nothing else runs on and that ends with f, so f may change what
// belongs to a thread: its network namespace, its seccomp filter, its priority. A child forked there inherits all of it.
//
// The main thread will not do: it never ends, and what /proc/self shows of the process is the main thread's.
func OnOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		begun := make(chan struct{})
		OnOwnThread(func() {
			close(begun)
			f()
		})
		<-begun // holds the main thread until another one is found
		runtime.UnlockOSThread()
	}()
}
