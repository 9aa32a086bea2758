package main

import (
	"runtime"
	"testing"
	"time"
)

// burn uses a core until its own thread has spent so much more of it.
func burn(t *testing.T, cost time.Duration) {
	runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine, so that the kernel has added up all it spent
	var clocks threadClocks
	if err := clocks.open(); err != nil {
		t.Error(err)
		return
	}
	defer clocks.close()
	before, err := clocks.read()
	for spent := before; err == nil && spent.cpu-before.cpu < cost; {
		spent, err = clocks.read()
	}
	if err != nil {
		t.Error(err)
	}
}

// Whatever this process does within the window is its cost, also what no engine's thread does: a view, a monitor, the runtime.
func TestTheClientsCPUIsThatOfItsWholeProcess(t *testing.T) {
	const cost = 30 * time.Millisecond
	var m Measurement
	server := new(place)
	edge := startOf(&m, server)
	over := make(chan struct{})
	go func() {
		defer close(over)
		burn(t, cost)
	}()
	<-over
	edge.end(&m, server)
	if m.ProcessCPU < cost || m.EngineCPU != 0 {
		t.Errorf("the process used %v of which the engines %v, and one goroutine alone %v", m.ProcessCPU, m.EngineCPU, cost)
	}
}
