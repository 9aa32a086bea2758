package spec

import (
	"fmt"
	"time"

	"reactorbench/impls"
)

// timeClockChecks: what the clocks of a machine do in months, and when somebody sets them.
var timeClockChecks = []Check{timeUptime, timeClockStep}

// uptimes are where a millisecond counter of 31 bits ends, after 25 days, and one of 32 bits.
var uptimes = []time.Duration{1 << 31 * time.Millisecond, 1 << 32 * time.Millisecond}

var timeUptime = Check{
	Slug:  "time/uptime",
	Level: MUST,
	Says: "With -idle-timeout T a connection MUST live and end as ever on the 25th and the 50th day of the machine, when its milliseconds no " +
		"longer fit into 31 and 32 bits.",
	Source: "clock_gettime(2): CLOCK_MONOTONIC; the server contract, impls/README.md",
	Why: "A deadline in a number of 32 bits then lies in the past, or nearly two months ahead: everybody is timed out at once, or nobody " +
		"ever again. No test runs for so long.",
	Sound: "The server has a monotonic clock of its own, which comes to that moment while its client speaks; if it came there before, the " +
		"check begins again. Otherwise as time/idle-timeout-active and time/idle-timeout.",
	Feature: idleFeature,
	Profile: Full,
	Starts:  true,
	Clock:   true,
	Timed:   true,
	Quiet:   true,
	Run: func(t *T) {
		for _, uptime := range uptimes {
			t.liveThrough(uptime)
		}
	},
}

// liveThrough has a client speak while the server's clock comes to uptime, and be silent after it.
func (t *T) liveThrough(uptime time.Duration) {
	const ahead = time.Second
	for range 5 {
		passes := t.startAt(uptime - ahead).Add(ahead)
		c := t.Dial()
		if time.Now().After(passes.Add(-allowedSilence / 2)) {
			continue // the start took too long
		}
		slowest, spoke, alive := c.speak(time.Until(passes)+allowedSilence/2, allowedSilence/10)
		if alive {
			t.Eventf("the clock has passed %v", uptime)
			c.expectEndAfter(spoke, allowedSilence)
			return
		}
		if slowest < allowedSilence/2 {
			t.Fatal("answers while the machine's uptime passes "+uptime.String(),
				fmt.Sprintf("the end of the connection, after a silence of at most %.2f s", slowest.Seconds()))
		}
	}
	t.brokenf("the machine stood still, five times")
}

// startAt starts an impatient server whose monotonic clock shows uptime, and returns when that was.
func (t *T) startAt(uptime time.Duration) (began time.Time) {
	var refused error
	server, err := t.TryStart(impls.Options{
		Args: []string{"-idle-timeout", allowedSilence.String()},
		Before: func() error {
			began = time.Now()
			refused = enterClock(uptime)
			return refused
		},
	})
	switch {
	case refused != nil:
		t.Precondition("a clock of the server's own: " + refused.Error() + "; it takes root, or unprivileged user namespaces")
	case err != nil:
		t.Fatal("a server that starts when its machine has been up for "+uptime.String(), err.Error())
	}
	t.server = server
	return began
}

var timeClockStep = Check{
	Slug:    "time/clock-step",
	Level:   SHOULD,
	Says:    "With -idle-timeout T connections live and end as ever when somebody sets the machine's clock, forwards or backwards.",
	Source:  "clock_settime(2): CLOCK_REALTIME; the server contract, impls/README.md",
	Why:     "Deadlines that are kept by the time of day are all due when NTP, or a person, sets it forwards, and none is when it is set back.",
	Sound:   "Nothing is judged where the clock cannot be set for the server alone.",
	Feature: idleFeature,
	Profile: Full,
	Starts:  true,
	Run: func(t *T) {
		t.Precondition("a time of day of the server's own: time_namespaces(7) have none, and setting the machine's would set it for everybody")
	},
}
