package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"reactorbench/conformance/spec"
)

// events reports as go test -json does (go doc test2json), so that tools like gotestsum work: an implementation is a
// package, a family is a test, a check is its subtest. Go knows three ends of a test; the verdict itself is an attribute.
type events struct {
	encoder *json.Encoder
	strict  bool
	pkg     string
	family  string // whose test is open
	began   time.Time
	failed  bool // in this family
}

// An event has the fields of cmd/internal/test2json.
type event struct {
	Time    time.Time
	Action  string
	Package string
	Test    string   `json:",omitempty"`
	Key     string   `json:",omitempty"`
	Value   string   `json:",omitempty"`
	Output  string   `json:",omitempty"`
	Elapsed *float64 `json:",omitempty"`
}

func newEvents(w io.Writer, strict bool) *events {
	return &events{encoder: json.NewEncoder(w), strict: strict}
}

func (e *events) emit(action, test string, fill func(*event)) {
	event := event{Time: time.Now(), Action: action, Package: e.pkg, Test: test}
	if fill != nil {
		fill(&event)
	}
	e.encoder.Encode(event) // a closed pipe ends the process by SIGPIPE
}

func (e *events) output(test, text string) {
	for line := range strings.Lines(text) {
		e.emit("output", test, func(v *event) { v.Output = line })
	}
}

func (e *events) attribute(test, key, value string) {
	e.emit("attr", test, func(v *event) { v.Key, v.Value = key, value })
}

func (e *events) finish(action, test string, elapsed time.Duration) {
	seconds := elapsed.Round(time.Millisecond).Seconds()
	e.emit(action, test, func(v *event) { v.Elapsed = &seconds })
}

func (e *events) begin(t target) {
	e.pkg, e.family = t.Target.Name, ""
	e.emit("start", "", nil)
}

func (e *events) unavailable(t target) {
	e.begin(t)
	e.output("", fmt.Sprintf("?   \t%s\t[not available: %s]\n", e.pkg, t.unavailable))
	e.finish("skip", "", 0)
}

func (e *events) notBuilt(_ target, output error) {
	e.output("", fmt.Sprintf("FAIL\t%s\t[not built]\n%s", e.pkg, indent(output.Error())))
}

func (e *events) running(check spec.Check) {
	if family := check.Family(); family != e.family {
		e.endFamily()
		e.family, e.began, e.failed = family, time.Now(), false
		e.emit("run", family, nil)
		e.output(family, "=== RUN   "+family+"\n")
	}
	e.emit("run", check.Slug, nil)
	e.output(check.Slug, "=== RUN   "+check.Slug+"\n")
}

func (e *events) finished(r spec.Result) {
	slug := r.Check.Slug
	e.attribute(slug, "level", r.Check.Level.String())
	e.attribute(slug, "verdict", string(r.Verdict))
	e.attribute(slug, "seed", fmt.Sprint(r.Seed))
	e.output(slug, "    "+r.Headline(e.pkg)+r.Detail())
	action := e.action(r.Verdict)
	e.failed = e.failed || action == "fail"
	e.finish(action, slug, r.Elapsed)
}

// action maps a verdict to an end that Go knows.
func (e *events) action(v spec.Verdict) string {
	switch v {
	case spec.Pass, spec.Info:
		return "pass"
	case spec.Weak, spec.Flaky:
		if e.strict {
			return "fail"
		}
		return "pass"
	case spec.Skip, spec.NotApplicable, spec.Precondition, spec.XFail:
		return "skip"
	}
	return "fail"
}

func (e *events) endFamily() {
	if e.family == "" {
		return
	}
	action, word := "pass", "PASS"
	if e.failed {
		action, word = "fail", "FAIL"
	}
	elapsed := time.Since(e.began)
	e.output(e.family, fmt.Sprintf("--- %s: %s (%.2fs)\n", word, e.family, elapsed.Seconds()))
	e.finish(action, e.family, elapsed)
	e.family = ""
}

func (e *events) end(o outcome) {
	e.endFamily()
	action, word := "pass", "ok  "
	if o.buildError != nil || o.unstartable != nil || o.counts.failed(e.strict) > 0 || o.counts[spec.Error] > 0 {
		action, word = "fail", "FAIL"
	}
	if o.unstartable != nil {
		e.output("", "    "+o.unstartable.Error()+"\n")
	}
	e.output("", fmt.Sprintf("%s\t%s\t%.3fs\t%s\n", word, e.pkg, o.elapsed.Seconds(), o.counts.text(e.strict)))
	e.finish(action, "", o.elapsed)
}

func (e *events) summary([]outcome) {}
