package spec

import (
	"time"

	"reactorbench/conformance/schedule"
)

// replays is how often a schedule is carried out, each time in a fresh process where the suite can start the server: a
// failure that is a race shows itself only sometimes.
const replays = 5

// Replay is the check that carries out one schedule and stops at the first failure. file is its name in the report.
func Replay(script schedule.Schedule, file string) Check {
	return Check{
		Slug: "fuzz/replay", Level: MUST,
		Says:   "On " + file + ": " + fuzzSchedule.Says,
		Source: fuzzSchedule.Source, Why: fuzzSchedule.Why, Sound: soundByModel,
		Budget: time.Minute,
		again:  "-replay " + file,
		Run:    func(t *T) { t.replay(script) },
	}
}

func (t *T) replay(script schedule.Schedule) {
	if script.Stops() {
		t.Server().PID()
	}
	p := t.playOnce(t.server, script, t.Seed)
	times := 1
	for ; times < replays && t.target.Program != nil && t.keeps(p); times++ {
		var err error
		if p, err = t.playFresh(script, t.Seed, patience); err != nil {
			t.brokenf("a fresh server: %v", err)
		}
	}
	if !t.keeps(p) {
		t.tell(p, nil)
		return
	}
	t.Infof("the promises were kept, %s running", plural(int64(times), "time", "times"))
}
