package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
)

// junitRules are what the schemas in use (Jenkins' junit-10.xsd, the one of Windy Road) and the readers of GitHub, GitLab and
// Jenkins have in common: which element stands in which, and with which attributes.
var junitRules = map[string]struct {
	inside             []string
	must, may          []string
	oneOfThemAtTheMost bool
}{
	"testsuites": {inside: []string{""}, may: []string{"name", "tests", "failures", "errors", "skipped", "time"}},
	"testsuite":  {inside: []string{"testsuites"}, must: []string{"name", "tests", "failures", "errors", "skipped", "time"}},
	"testcase":   {inside: []string{"testsuite"}, must: []string{"name", "classname", "time"}},
	"failure":    {inside: []string{"testcase"}, must: []string{"message"}, may: []string{"type"}, oneOfThemAtTheMost: true},
	"error":      {inside: []string{"testcase"}, must: []string{"message"}, may: []string{"type"}, oneOfThemAtTheMost: true},
	"skipped":    {inside: []string{"testcase"}, must: []string{"message"}, may: []string{"type"}, oneOfThemAtTheMost: true},
	"system-out": {inside: []string{"testcase"}},
}

// junitBreaks names the first rule that a document breaks.
func junitBreaks(document []byte) error {
	counted := map[string]int{}
	var stack []string
	ends := 0 // elements that say how the open case ended
	for d := xml.NewDecoder(strings.NewReader(string(document))); ; {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			name, parent := e.Name.Local, ""
			if len(stack) > 0 {
				parent = stack[len(stack)-1]
			}
			rule, known := junitRules[name]
			if !known || !slices.Contains(rule.inside, parent) {
				return fmt.Errorf("<%s> inside <%s>", name, parent)
			}
			attributes := map[string]string{}
			for _, a := range e.Attr {
				if !slices.Contains(rule.must, a.Name.Local) && !slices.Contains(rule.may, a.Name.Local) {
					return fmt.Errorf("<%s %s=...>", name, a.Name.Local)
				}
				attributes[a.Name.Local] = a.Value
			}
			for _, must := range rule.must {
				if attributes[must] == "" {
					return fmt.Errorf("<%s> without %s", name, must)
				}
			}
			if _, err := strconv.ParseFloat(attributes["time"], 64); attributes["time"] != "" && err != nil {
				return fmt.Errorf("<%s time=%q>", name, attributes["time"])
			}
			switch {
			case name == "testsuite":
				counted = map[string]int{}
				for word, plural := range map[string]string{"testcase": "tests", "failure": "failures", "error": "errors", "skipped": "skipped"} {
					counted[word], _ = strconv.Atoi(attributes[plural])
				}
			case name == "testcase":
				ends = 0
				counted[name]--
			case rule.oneOfThemAtTheMost:
				counted[name]--
				if ends++; ends > 1 {
					return fmt.Errorf("a case that ends in two ways, the second is <%s>", name)
				}
			case name == "system-out" && ends > 0:
				return fmt.Errorf("<system-out> in a case that has failed: its text belongs into the failure")
			}
			stack = append(stack, name)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
			if e.Name.Local == "testsuite" {
				for word, left := range counted {
					if left != 0 {
						return fmt.Errorf("the count of <%s> is wrong by %d", word, left)
					}
				}
			}
		}
	}
}

// TestJUnitKeepsTheRules, for every verdict, strict or not.
func TestJUnitKeepsTheRules(t *testing.T) {
	o := outcome{target: target{Target: spec.Target{Name: "s"}}}
	for _, l := range legend {
		o.results = append(o.results, spec.Result{Check: spec.Check{Slug: "a/" + class(l.verdict)}, Verdict: l.verdict, Reason: "why & <how>\x00"})
	}
	absent := outcome{target: target{Target: spec.Target{Name: "absent"}, unavailable: "no compiler"}}
	for _, strict := range []bool{false, true} {
		document, err := junitReport([]outcome{o, absent}, strict)
		if err != nil {
			t.Fatal(err)
		}
		if err := junitBreaks(document); err != nil {
			t.Errorf("strict %v: %v\n%s", strict, err, document)
		}
	}
}

// TestTheRulesCanBeBroken keeps the test above honest.
func TestTheRulesCanBeBroken(t *testing.T) {
	for _, document := range []string{
		`<testsuite name="a"/>`,
		`<testsuites><testsuite name="a" tests="1" failures="0" errors="0" skipped="0" time="1"></testsuite></testsuites>`,
		`<testsuites><testsuite name="a" tests="1" failures="0" errors="0" skipped="0" time="1"><testcase name="b" time="1"/></testsuite></testsuites>`,
		`<testsuites><testsuite name="a" tests="1" failures="1" errors="1" skipped="0" time="1"><testcase name="b" classname="c" time="1"><failure message="m"/><error message="m"/></testcase></testsuite></testsuites>`,
		`<testsuites><properties/></testsuites>`,
		`<testsuites time="soon"/>`,
	} {
		if junitBreaks([]byte(document)) == nil {
			t.Errorf("passes: %s", document)
		}
	}
}
