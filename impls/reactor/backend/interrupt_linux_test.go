package backend_test

import (
	"os"
	"os/signal"
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
