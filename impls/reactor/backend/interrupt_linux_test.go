package backend_test

import (
	"os"
	"os/signal"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// interrupter returns a function that interrupts the calling thread's system call.
func interrupter(t *testing.T) func() {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR1)
	t.Cleanup(func() { signal.Stop(caught) })
	process, thread := unix.Getpid(), unix.Gettid()
	return func() { unix.Tgkill(process, thread, unix.SIGUSR1) }
}

// undisturbed keeps the calling thread's waits from being interrupted until the test ends: Go's scheduler sends SIGURG to a thread
// that it wants to preempt. And a ring that was closed has the kernel call once more on each thread that used it, some time later.
func undisturbed(t *testing.T) {
	runtime.LockOSThread()
	var before, urgent unix.Sigset_t
	urgent.Val[0] = 1 << (unix.SIGURG - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &urgent, &before); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
		runtime.UnlockOSThread()
	})
	untilCalm(t)
}

// untilCalm returns when a wait has not been interrupted for a while.
func untilCalm(t *testing.T) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(epoll)
	for err = unix.EINTR; err == unix.EINTR; {
		_, err = unix.EpollWait(epoll, make([]unix.EpollEvent, 1), 50)
	}
	if err != nil {
		t.Fatal(err)
	}
}
