package main

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
)

// TestJUnit: each verdict becomes the element that readers of JUnit expect, and any text survives.
func TestJUnit(t *testing.T) {
	result := func(v spec.Verdict) spec.Result {
		return spec.Result{
			Check: spec.Check{Slug: "a/" + string(v)}, Verdict: v,
			Failures: []spec.Failure{{Want: "<1>", Got: "& \x00 \xff"}},
		}
	}
	all := []outcome{
		{target: target{Target: spec.Target{Name: "s"}}, results: []spec.Result{
			result(spec.Pass), result(spec.Fail), result(spec.Crash), result(spec.Hang), result(spec.XPass), result(spec.XFail),
			result(spec.NotApplicable), result(spec.Error), result(spec.Weak),
		}},
		{target: target{Target: spec.Target{Name: "absent"}, unavailable: "cc is not installed"}},
		{target: target{Target: spec.Target{Name: "broken"}}, buildError: errors.New("exit status 2")},
	}
	text, err := junitReport(all, false)
	if err != nil {
		t.Fatal(err)
	}
	var read junitSuites
	if err := xml.Unmarshal(text, &read); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if s := read.Suites[0]; s.Tests != 9 || s.Failures != 4 || s.Errors != 1 || s.Skipped != 2 {
		t.Errorf("%d cases, %d failures, %d errors, %d skipped", s.Tests, s.Failures, s.Errors, s.Skipped)
	}
	if c := read.Suites[0].Cases[1]; c.Class != "s" || c.Name != "a/fail" || !strings.Contains(c.Failure.Text, "<1>") {
		t.Errorf("a failure: %+v", c)
	}
	if read.Suites[1].Skipped != 1 || read.Suites[2].Errors != 1 {
		t.Errorf("what was not run looks as if it passed: %+v", read.Suites[1:])
	}
	strict, _ := junitReport(all, true)
	if xml.Unmarshal(strict, &read); strings.Count(string(strict), "<failure") != 5 {
		t.Error("a weak result is no failure under -strict")
	}
}
