package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"reactorbench/conformance/spec"
)

// The elements of JUnit's XML that its readers agree on.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Seconds  string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Seconds  string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Seconds string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// junitReport is the run as JUnit XML: a suite for each implementation. A target that was not there is a skipped case, one
// that did not build an error, so that no reader sees green where nothing ran.
func junitReport(all []outcome, strict bool) ([]byte, error) {
	suites, elapsed := junitSuites{Name: spec.Version}, time.Duration(0)
	for _, o := range all {
		suites.add(junitSuiteOf(o, strict))
		elapsed += o.elapsed
	}
	suites.Seconds = secondsText(elapsed)
	body, err := xml.MarshalIndent(suites, "", "  ")
	return append([]byte(xml.Header), append(body, '\n')...), err
}

func (all *junitSuites) add(s junitSuite) {
	all.Suites = append(all.Suites, s)
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
	all.Skipped += s.Skipped
}

func junitSuiteOf(o outcome, strict bool) junitSuite {
	s := junitSuite{Name: o.target.Target.Name, Seconds: secondsText(o.elapsed)}
	switch {
	case o.target.unavailable != "":
		s.add(junitCase{Name: "available", Class: s.Name, Skipped: &junitProblem{Message: o.target.unavailable}})
	case o.buildError != nil:
		s.add(junitCase{Name: "build", Class: s.Name, Error: &junitProblem{Message: "not built", Text: xmlText(o.buildError.Error())}})
	case o.unstartable != nil:
		s.add(junitCase{Name: "start", Class: s.Name, Error: &junitProblem{Message: "not started", Text: xmlText(o.unstartable.Error())}})
	}
	for _, r := range o.results {
		s.add(junitCaseOf(s.Name, r, strict))
	}
	return s
}

func (s *junitSuite) add(c junitCase) {
	if c.Seconds == "" {
		c.Seconds = secondsText(0) // what was not run took no time
	}
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func junitCaseOf(class string, r spec.Result, strict bool) junitCase {
	c := junitCase{Name: r.Check.Slug, Class: class, Seconds: secondsText(r.Elapsed)}
	problem := &junitProblem{Message: headline(r), Type: string(r.Verdict), Text: xmlText(r.Detail())}
	switch r.Verdict {
	case spec.Pass, spec.Info:
	case spec.XFail, spec.Skip, spec.NotApplicable, spec.Precondition:
		c.Skipped = problem
	case spec.Error:
		c.Error = problem
	case spec.Weak, spec.Flaky:
		if strict {
			c.Failure = problem
		} else {
			c.Output = problem.Text
		}
	default:
		c.Failure = problem
	}
	return c
}

// headline is the result in one sentence.
func headline(r spec.Result) string {
	switch {
	case r.Known != "":
		return r.Known
	case len(r.Failures) > 0:
		return r.Failures[0].Got
	case r.Reason != "":
		return r.Reason
	}
	return string(r.Verdict)
}

// xmlText replaces what XML cannot carry even escaped: a server's log may hold any byte.
func xmlText(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return '�'
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}

func secondsText(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
