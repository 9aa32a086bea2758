package spec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"reactorbench/conformance/schedule"
	"reactorbench/impls"
)

// apart makes a T for clients of their own, on a server that is there already: its timeline and its connections are not
// those of t, its clock and its interrupt are.
func (t *T) apart(process Process, seed uint64) *T {
	sub := newT(t.ctx, t.check, t.target, Options{Seed: seed, Slow: t.slow, Profile: t.Profile})
	sub.server = &Server{t: sub, process: process}
	sub.began, sub.deadline = t.began, t.deadline
	return sub
}

// inherit runs f as sub's function would run, and ends t where sub was ended: by an interrupt, at the watchdog's hour, or by a
// fault of the suite.
func (sub *T) inherit(t *T, f func()) {
	sub.check.Run = func(*T) { f() }
	if escaped := sub.run(); escaped != "" {
		t.brokenf("%s", escaped)
	}
	if (sub.ending.verdict == NotApplicable || sub.Failed()) && sub.server.crashed(unseenDyingTime) {
		return // the verb met a dying server; keeps will say so
	}
	if sub.ending.verdict != "" {
		sub.close()
		t.end(sub.ending.verdict, sub.ending.reason)
	}
	if sub.Failed() { // by a verb that is not the play's, such as Stop
		t.ending.failures = append(t.ending.failures, sub.ending.failures...)
		t.ending.facts = sub.ending.facts
		sub.close()
		t.stop()
	}
}

// playOnce carries out one schedule on a server that is there already.
func (t *T) playOnce(s *Server, script schedule.Schedule, seed uint64) *play {
	return t.playPatiently(s, script, seed, patience)
}

func (t *T) playPatiently(s *Server, script schedule.Schedule, seed uint64, patience time.Duration) *play {
	sub := t.apart(s.process, seed)
	defer sub.close()
	p := sub.newPlay(sub.server, script, 0)
	p.patience = t.scaled(patience)
	sub.inherit(t, p.all)
	return p
}

// keeps reports whether a play breaks no promise. A server that has died has broken the last one.
func (t *T) keeps(p *play) bool {
	broken := schedule.Judge(p.history)
	grant := time.Duration(0)
	if len(broken) > 0 {
		grant = dyingTime
	}
	if p.server.crashed(grant) {
		p.note(nil, schedule.Died, 0, p.server.process.Exit().String())
		return false
	}
	return len(broken) == 0
}

// Shrinking is bounded: by candidates, and by time, since each may end in silence.
const (
	shrinkTries    = 150
	shrinkTime     = 40 * time.Second
	shrinkRepeats  = 3           // a race shows itself only sometimes
	aloneRepeats   = 9           // whether it fails at all without the schedules before it
	shrinkPatience = time.Second // a candidate that only looked silent is found out at the end
	confirmations  = 5
)

// investigate makes a failure short and tells it. Each candidate gets a fresh process of the server. A failure that is known
// need not be made short on every run.
func (t *T) investigate(p *play, where string) {
	short, times := p, 0
	_, known := t.target.Known[t.check.Slug]
	if t.target.Program != nil && !known {
		short, times = t.shrunk(p)
	}
	lines := []string{where + t.shrinking(p, short, times)}
	for _, command := range short.script {
		lines = append(lines, "  "+command.String())
	}
	lines = append(lines, t.keep(short)...)
	t.tell(short, lines)
}

// shrunk returns the shortest play that still fails, with the suite's whole patience, and how often it did.
func (t *T) shrunk(p *play) (short *play, times int) {
	seed := p.t.Seed
	until := time.Now().Add(t.scaled(shrinkTime))
	failsIn := func(script schedule.Schedule, repeats int) bool {
		for range repeats {
			if time.Now().After(until) {
				return false
			}
			if again, err := t.playFresh(script, seed, shrinkPatience); err == nil && !t.keeps(again) {
				return true
			}
		}
		return false
	}
	if !failsIn(p.script, aloneRepeats) {
		return p, 0
	}
	script := schedule.Shrink(p.script, shrinkTries, func(s schedule.Schedule) bool { return failsIn(s, shrinkRepeats) })
	short = p
	for range confirmations {
		if again, err := t.playFresh(script, seed, patience); err == nil && !t.keeps(again) {
			times++
			short = again
		}
	}
	return short, times
}

// playFresh carries out a schedule on a process of its own. The process is ended before this returns, and how it ended is kept.
func (t *T) playFresh(script schedule.Schedule, seed uint64, patience time.Duration) (*play, error) {
	process, err := t.target.Program.Start(t.ctx, impls.Options{})
	if err != nil {
		return nil, err
	}
	s := &Server{t: t, process: process}
	defer s.end()
	p := t.playPatiently(s, script, seed, patience)
	t.keeps(p) // notes a death that nobody asked for, before the process is ended here
	p.facts = p.server.facts()
	p.server.leaving = true
	return p, nil
}

func (t *T) shrinking(p, short *play, times int) string {
	_, known := t.target.Known[t.check.Slug]
	switch {
	case known:
		return "; it is not shrunk, because the failure is known"
	case t.target.Program == nil:
		return "; it is not shrunk, because the suite did not start this server"
	case times == 0:
		return fmt.Sprintf("; alone, in %d fresh processes, it did not fail again: the seed shows the whole run", aloneRepeats)
	}
	return fmt.Sprintf(", shrunk from %s to %d; it failed in %d of %d fresh processes", plural(int64(len(p.script)), "command", "commands"),
		len(short.script), times, confirmations)
}

// keep writes the script where it can be replayed, and says where.
func (t *T) keep(p *play) []string {
	name := fmt.Sprintf("%s-%s-%d.schedule", t.target.Name, t.check.Slug, t.Seed)
	path := filepath.Join(t.artifacts, strings.Map(fileRune, name))
	head := fmt.Sprintf("# %s fails %s with seed %d.\n", t.target.Name, t.check.Slug, t.Seed)
	err := errors.Join(os.MkdirAll(t.artifacts, 0o777), os.WriteFile(path, []byte(head+p.script.String()), 0o666))
	if err != nil {
		return []string{"it could not be written down: " + err.Error()}
	}
	return []string{"replay: conformance -replay " + path + " " + t.target.Again}
}

// fileRune replaces what a name may hold and a file's should not.
func fileRune(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
		return r
	}
	return '_'
}

// tell fails the check with what a play broke, and shows that play's own timeline.
func (t *T) tell(p *play, lines []string) {
	t.timeline, t.wire = p.t.timeline, p.t.wire
	t.ending.facts = p.facts
	if t.ending.facts == nil {
		t.ending.facts = t.facts()
	}
	for _, v := range schedule.Judge(p.history) {
		got, detail, _ := strings.Cut(v.Got, "\n")
		if v.Conn > 0 {
			got = fmt.Sprintf("c%d: %s", v.Conn, got)
		}
		f := Failure{Want: v.Want, Got: got}
		if detail != "" {
			f.Detail = strings.Split(detail, "\n")
		}
		f.Detail = append(f.Detail, "model: "+string(v.Clause))
		t.ending.failures = append(t.ending.failures, f)
	}
	if len(lines) == 0 {
		return
	}
	last := &t.ending.failures[len(t.ending.failures)-1]
	last.Detail = append(last.Detail, lines...)
}
