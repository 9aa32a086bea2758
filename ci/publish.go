package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// publish writes the report in every form that was asked for.
func (g *gate) publish(r *Report, stdout io.Writer) error {
	if err := writeText(stdout, r); err != nil {
		return err
	}
	var failures []error
	if g.json != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		failures = append(failures, err, os.WriteFile(g.json, append(text, '\n'), 0o644))
	}
	if g.junit != "" {
		text, err := junit(r)
		failures = append(failures, err, os.WriteFile(g.junit, text, 0o644))
	}
	if path := os.Getenv("GITHUB_STEP_SUMMARY"); path != "" {
		failures = append(failures, appendTo(path, markdown(r)))
	}
	return errors.Join(failures...)
}

func writeText(w io.Writer, r *Report) error {
	fmt.Fprintf(w, "%s  %s against %s, server CPU per request as head ÷ base, counts as base → head\n", r.Verdict, short(r.Head), short(r.Base))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range r.rows() {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", row.Impl, row.What, row.Verdict, row.Figure, row.Why)
	}
	return t.Flush()
}

// A row is one verdict on a table.
type row struct {
	Impl, What  string // What is a workload, or what was counted
	Verdict     Verdict
	Figure, Why string
}

// rows are the series, what was counted, and the control behind them.
func (r *Report) rows() (rows []row) {
	for _, s := range r.Series {
		rows = append(rows, row{s.Impl, s.Workload, s.Verdict, s.figure(), s.Why})
	}
	for _, c := range r.Counted {
		rows = append(rows, row{c.Impl, c.What, c.Verdict, c.figure(), c.Why})
	}
	if c := r.Control; c != nil {
		rows = append(rows, row{c.Impl, c.Workload + " (control)", c.Verdict, c.figure(), c.Why})
	}
	return rows
}

// figure is the ratio with its interval and what it rests on.
func (s Judged) figure() string {
	if s.Blocks == 0 {
		return "–"
	}
	text := fmt.Sprintf("%.3f (%.3f–%.3f), %d pairs", s.Ratio, s.Low, s.High, s.Blocks)
	if s.Detectable > 0 {
		text += fmt.Sprintf(", sees %s", percent(s.Detectable))
	}
	return text
}

var alerts = map[Verdict]string{Fail: "CAUTION", Invalid: "WARNING", Inconclusive: "WARNING", Uncounted: "WARNING", Accepted: "NOTE", Pass: "NOTE", Identical: "NOTE"}

// markdown is the summary of a job: the verdict, what is not green, and the rest folded away.
func markdown(r *Report) string {
	var open, folded strings.Builder
	for _, row := range r.rows() {
		line := fmt.Sprintf("| %s | %s | %s | %s | %s |\n", row.Impl, row.What, row.Verdict, row.Figure, row.Why)
		if row.Verdict == Pass || row.Verdict == Identical {
			folded.WriteString(line)
		} else {
			open.WriteString(line)
		}
	}
	const head = "| server | workload, or what was counted | verdict | head ÷ base (95 %), or base → head | why |\n|---|---|---|---|---|\n"
	text := fmt.Sprintf("> [!%s]\n> **%s**: %s against %s, server CPU per request in pairs of fresh processes, and what can be counted\n\n",
		alerts[r.Verdict], r.Verdict, short(r.Head), short(r.Base))
	if open.Len() > 0 {
		text += head + open.String() + "\n"
	}
	if folded.Len() > 0 {
		text += "<details><summary>what did not change</summary>\n\n" + head + folded.String() + "\n</details>\n"
	}
	return text
}

// appendTo adds to a job's summary, which other steps write too.
func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Close())
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitMessage `xml:"failure"`
	Skipped *junitMessage `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
}

// junit has a case for each verdict but that on the control. What could not be told is skipped: neither green nor red.
func junit(r *Report) ([]byte, error) {
	suite := junitSuite{
		Name: "ci gate", Time: fmt.Sprintf("%.3f", r.Ended.Sub(r.Began).Seconds()), Stamp: r.Began.Format(time.RFC3339),
	}
	judged := *r
	judged.Control = nil
	for _, row := range judged.rows() {
		c := junitCase{Name: row.What, Class: "gate." + row.Impl, Output: row.Figure}
		message := &junitMessage{fmt.Sprintf("%s: %s", row.Verdict, row.Why)}
		switch row.Verdict {
		case Fail:
			c.Failure = message
			suite.Failures++
		case Inconclusive, Invalid, Uncounted:
			c.Skipped = message
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, c)
	}
	suite.Tests = len(suite.Cases)
	text, err := xml.MarshalIndent(suite, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}
