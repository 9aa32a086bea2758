package spec

import (
	"os/exec"
	"testing"
	"time"
)

// A pidProcess is a fake with the number of a real process.
type pidProcess struct {
	fakeProcess
	pid int
}

func (p *pidProcess) PID() int { return p.pid }

// TestADeadProcessIsWaitedFor: a server that is a zombie when the check looks has crashed, however long its collection takes.
func TestADeadProcessIsWaitedFor(t *testing.T) {
	command := exec.Command("sh", "-c", "exit 7")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait() // until then it is a zombie
	p := &pidProcess{fakeProcess: fakeProcess{done: make(chan struct{})}, pid: command.Process.Pid}
	s := &Server{process: p}
	for until := time.Now().Add(30 * time.Second); !s.isDead(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("a zombie is not seen to be dead")
		}
	}
	time.AfterFunc(20*time.Millisecond, func() { close(p.done) })
	if !s.crashed(time.Nanosecond) {
		t.Error("its end was not waited for")
	}
}

// TestADeadProcessHasEndedInTime: the time until a zombie is collected is the launcher's, not the server's.
func TestADeadProcessHasEndedInTime(t *testing.T) {
	command := exec.Command("sh", "-c", "exit 7")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	p := &pidProcess{fakeProcess: fakeProcess{done: make(chan struct{})}, pid: command.Process.Pid}
	for until := time.Now().Add(30 * time.Second); !(&Server{process: p}).isDead(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("a zombie is not seen to be dead")
		}
	}
	time.AfterFunc(200*time.Millisecond, func() { close(p.done) })
	runner := Runner{Target: &Target{Name: "fake", Program: &fakeProgram{}}}
	defer runner.Close()
	result := runner.Run(t.Context(), Check{Slug: "proc/ends", Level: MUST, Starts: true, Run: func(t *T) {
		s := &Server{t: t, process: p}
		s.WaitExit(time.Nanosecond)
	}})
	if result.Verdict != Pass {
		t.Error(result.Report("fake"))
	}
}

// TestALivingProcessIsNot waited for longer than the check grants.
func TestALivingProcessIsNot(t *testing.T) {
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	defer command.Process.Kill()
	s := &Server{process: &pidProcess{fakeProcess: fakeProcess{done: make(chan struct{})}, pid: command.Process.Pid}}
	if s.isDead() || s.crashed(time.Nanosecond) {
		t.Error("a living process is called dead")
	}
}
