package spec

import (
	"os/exec"
	"testing"
)

// TestStraceThatStays: one that does not end when it is asked to is ended.
func TestStraceThatStays(t *testing.T) {
	i := &injection{command: exec.Command("sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"), ended: make(chan struct{})}
	ready, err := i.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := i.command.Start(); err != nil {
		t.Fatal(err)
	}
	ready.Read(make([]byte, 1))
	go func() {
		i.command.Wait()
		close(i.ended)
	}()
	i.detach()
}

// TestStraceLeavesAServerThatSleeps: it is not told to end while the server may be between the two halves of a refused call.
func TestStraceLeavesAServerThatSleeps(t *testing.T) {
	for script, sleeps := range map[string]bool{"while :; do :; done": false, "exec sleep 60": true} {
		server := exec.Command("sh", "-c", script)
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		defer server.Wait()
		defer server.Process.Kill()
		strace := exec.Command("sleep", "60")
		if err := strace.Start(); err != nil {
			t.Fatal(err)
		}
		defer strace.Wait()
		defer strace.Process.Kill()
		i := &injection{pid: server.Process.Pid, command: strace}
		i.settle()
		if got := allSleep(i.pid); got != sleeps {
			t.Errorf("%s: asleep is %v when strace is told to end, want %v", script, got, sleeps)
		}
	}
}
