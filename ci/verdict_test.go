package main

import (
	"strings"
	"testing"
)

func TestTheWorstSeriesDecides(t *testing.T) {
	for _, test := range []struct {
		verdicts []Verdict
		want     Verdict
		status   int
	}{
		{[]Verdict{Identical, Identical}, Identical, exitDone},
		{[]Verdict{Identical, Pass}, Pass, exitDone},
		{[]Verdict{Pass, Inconclusive}, Inconclusive, exitDone},
		{[]Verdict{Accepted, Pass}, Accepted, exitDone},
		{[]Verdict{Inconclusive, Fail, Pass}, Fail, exitFailed},
		{[]Verdict{Inconclusive, Invalid}, Invalid, exitInvalid},
		{[]Verdict{Pass, Uncounted}, Pass, exitDone},
	} {
		r := &Report{}
		for _, v := range test.verdicts {
			r.Series = append(r.Series, Judged{Verdict: v})
		}
		r.Verdict = worst(r)
		if r.Verdict != test.want || r.exitStatus() != test.status {
			t.Errorf("%v: %s, exit status %d; want %s, %d", test.verdicts, r.Verdict, r.exitStatus(), test.want, test.status)
		}
	}
}

// TestReportsShowWhatIsNotGreen: what did not change is folded away, what was not told is neither green nor red.
func TestReportsShowWhatIsNotGreen(t *testing.T) {
	r := &Report{Base: "aaaaaaaaaa", Head: "bbbbbbbbbb", Verdict: Inconclusive, Series: []Judged{
		{Impl: "quiet", Workload: "w", Verdict: Pass, Ratio: 1.01, Low: 0.99, High: 1.02, Blocks: 12, Detectable: 0.04, Why: "not slower"},
		{Impl: "noisy", Workload: "w", Verdict: Inconclusive, Ratio: 1.04, Low: 0.98, High: 1.1, Blocks: 48, Why: "cannot tell"},
	}}
	open, folded, found := strings.Cut(markdown(r), "<details>")
	if !found || !strings.Contains(open, "noisy") || strings.Contains(open, "quiet") || !strings.Contains(folded, "quiet") || !strings.Contains(open, "[!WARNING]") {
		t.Errorf("the summary:\n%s", markdown(r))
	}
	text, err := junit(r)
	if err != nil || !strings.Contains(string(text), `tests="2" failures="0" skipped="1"`) {
		t.Errorf("JUnit: %v\n%s", err, text)
	}
	var out strings.Builder
	if err := writeText(&out, r); err != nil || !strings.HasPrefix(out.String(), "INCONCLUSIVE  bbbbbbb against aaaaaaa") || !strings.Contains(out.String(), "1.010 (0.990–1.020), 12 pairs, sees 4 %") {
		t.Errorf("text: %v\n%s", err, out.String())
	}
}

// TestACountThatFailedIsNotHidden by a control that only says that times cannot be believed.
func TestACountThatFailedIsNotHidden(t *testing.T) {
	r := &Report{
		Base: "aaaaaaaaaa", Head: "bbbbbbbbbb", Series: []Judged{{Verdict: Invalid}},
		Counted: []Counted{{Impl: "dear", What: "syscalls", Verdict: Fail, Why: "more than before: read", Figures: []Figure{
			{Name: "read", Base: []float64{1}, Head: []float64{2}, Risen: true}, {Name: "write", Base: []float64{1}, Head: []float64{1}},
		}}, {Impl: "dear", What: "memory", Verdict: Uncounted, Why: "not here"}},
	}
	if r.Verdict = worst(r); r.Verdict != Fail || r.exitStatus() != exitFailed {
		t.Errorf("%s, exit status %d", r.Verdict, r.exitStatus())
	}
	if open, _, _ := strings.Cut(markdown(r), "<details>"); !strings.Contains(open, "| dear | syscalls | FAIL | read 1 → 2 | more than before: read |") {
		t.Errorf("the summary:\n%s", open)
	}
	if text, err := junit(r); err != nil || !strings.Contains(string(text), `tests="3" failures="1" skipped="2"`) {
		t.Errorf("JUnit: %v\n%s", err, text)
	}
	alone := &Report{Counted: r.Counted[1:]}
	if v := worst(alone); v != Uncounted {
		t.Errorf("nothing was counted and the verdict is %s", v)
	}
}

func TestAcceptedSlowDowns(t *testing.T) {
	c := newClone(t)
	for _, message := range []string{
		"One\n\nPerf-accept: reactor/epoll closed-64 the check costs what it is worth",
		"Two\n\nOf no concern: here",
	} {
		c.edit("go.mod", "module reactorbench\n", "module reactorbench\n\n// "+message[:3]+"\n")
		c.commit(message)
	}
	r := repository{c.dir}
	reasons, err := r.accepted(t.Context(), "HEAD~2", "HEAD")
	if err != nil || len(reasons) != 1 || reasons[series{"reactor/epoll", "closed-64"}] != "the check costs what it is worth" {
		t.Errorf("got %v, %v", reasons, err)
	}
	c.edit("go.mod", "module reactorbench\n", "module reactorbench\n\n// more\n")
	c.commit("Three\n\nPerf-accept: everything")
	if _, err := r.accepted(t.Context(), "HEAD~3", "HEAD"); err == nil || !strings.Contains(err.Error(), "want a server, a workload and a reason") {
		t.Errorf("a trailer without a reason: %v", err)
	}
}
