package main

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// left is how long it is until an alarm rings, 0 if it has rung or was never set.
func (a *alarm) left(t *testing.T) time.Duration {
	t.Helper()
	var spec unix.ItimerSpec
	if err := unix.TimerfdGettime(a.fd, &spec); err != nil {
		t.Fatal(err)
	}
	return time.Duration(spec.Value.Nano())
}

func newAlarm(t *testing.T) *alarm {
	t.Helper()
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(epoll) })
	a := new(alarm)
	if err := a.open(epoll); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	return a
}

// An alarm that rings early enough is left alone, which is what it is for; one that would ring too late is not.
func TestAlarmIsSetOnlyWhereItMust(t *testing.T) {
	a := newAlarm(t)
	const hour = int64(time.Hour)
	now := clock()
	for _, c := range []struct {
		by          int64
		from, until time.Duration
	}{
		{now + 2*hour, 90 * time.Minute, 2 * time.Hour},
		{now + 3*hour, 90 * time.Minute, 2 * time.Hour}, // it rings before
		{now + hour, 30 * time.Minute, time.Hour},
		{now + 2*hour, 30 * time.Minute, time.Hour},
	} {
		if err := a.by(c.by, now); err != nil {
			t.Fatal(err)
		}
		if left := a.left(t); left <= c.from || left > c.until {
			t.Errorf("set by %v it rings in %v", time.Duration(c.by-now), left)
		}
	}
}

// An engine that lost its core between its look at the clock and the setting does not oversleep by as much.
func TestAlarmIsSetByTheClock(t *testing.T) {
	a := newAlarm(t)
	looked := clock() - int64(time.Hour)
	a.at = looked // it has rung
	if err := a.by(looked+2*int64(time.Hour), looked); err != nil {
		t.Fatal(err)
	}
	if left := a.left(t); left <= 30*time.Minute || left > time.Hour+time.Minute {
		t.Errorf("set for an hour from now it rings in %v", left)
	}
}

// It rings as an event that no stream has, never before its time, and goes on until it is set again.
func TestAlarmRingsUntilItIsSetAgain(t *testing.T) {
	e := newEpollEngine(openPlan(serve(t, echo(unchanged)), 1, 0, 1)).(*epollEngine)
	defer e.close()
	if err := e.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := clock()
	at := now + int64(3*time.Millisecond)
	if err := e.alarm.by(at, now); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		n, err := e.ready(-1)
		for n == 0 && err == nil { // a signal of Go's scheduler ended the wait
			n, err = e.ready(-1)
		}
		if err != nil || n != 1 || e.events[0].Fd != alarmNumber {
			t.Fatalf("%d events, the first of %d, %v", n, e.events[0].Fd, err)
		}
	}
	if late := clock() - at; late < 0 {
		t.Errorf("it rang %v too early", time.Duration(-late))
	}
	if err := e.alarm.by(at+int64(time.Hour), clock()); err != nil {
		t.Fatal(err)
	}
	if n, err := e.ready(0); n != 0 || err != nil {
		t.Errorf("set again it still rings: %d events, %v", n, err)
	}
}
