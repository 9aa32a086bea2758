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
