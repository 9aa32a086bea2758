package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"reactorbench/conformance/spec"
)

//go:embed matrix.html.tmpl
var matrixText string

var matrixTemplate = template.Must(template.New("matrix").Parse(matrixText))

// wireBudget bounds all wire logs of a page together, in bytes, so that the page of the whole catalogue stays below a megabyte.
// What is cut out of the middle stands in the files of -trace.
const wireBudget = 500 << 10

// A page is what the template shows: implementations are columns, checks are rows.
type page struct {
	Spec, Profile, When, Summary string
	Seed                         uint64
	Columns                      []column
	Families                     []familyRows
	Reports                      []report
	Stories                      []story
	Legend                       []legendLine
}

type column struct{ Name, About, Kept, State string }

type familyRows struct {
	Name string
	Rows []row
}

type row struct {
	Slug, Level, Says string
	Cells             []cell
}

// A cell is a verdict, a link if there is a story, and the reason where there is none.
type cell struct{ Word, Class, Link, Reason string }

// A story is everything about one result that is not a plain pass.
type story struct {
	ID, Server, Slug, Word, Class, Text string
	Wire                                string
	Lines                               int
}

// A report is what a check found that demands nothing, or more than a pass: servers with the same are told together.
type report struct {
	ID, Slug string
	Found    []found
}

type found struct{ Servers, What string }

type legendLine struct{ Word, Class, Meaning string }

// legend says what the words mean, in the order of their weight.
var legend = []struct {
	verdict spec.Verdict
	meaning string
}{
	{spec.Pass, "the promise is kept"},
	{spec.Fail, "a MUST is broken, or what no choice allows was met"},
	{spec.Crash, "the server died"},
	{spec.Hang, "the watchdog's hour came"},
	{spec.Weak, "a SHOULD is broken"},
	{spec.Flaky, "failed, then passed in a fresh process"},
	{spec.XFail, "fails, as its manifest says"},
	{spec.XPass, "passes, although its manifest says that it fails"},
	{spec.Info, "a free choice, reported"},
	{spec.NotApplicable, "the question does not arise"},
	{spec.Precondition, "this machine cannot produce the situation"},
	{spec.Skip, "not asked"},
	{spec.Error, "the suite or the machine is at fault"},
}

// htmlReport is the run as one self-contained page: no script, nothing from elsewhere.
func (s *session) htmlReport(now time.Time) ([]byte, error) {
	p := page{
		Spec: spec.Version, Profile: s.config.profile.String(), Seed: s.config.seed,
		When: now.UTC().Format("2006-01-02 15:04 MST"), Summary: summaryLine(s.outcomes, s.config.strict),
	}
	for _, o := range s.outcomes {
		p.Columns = append(p.Columns, columnOf(o))
		for _, r := range o.results {
			if worthTelling(r) {
				p.Stories = append(p.Stories, storyOf(o.target.Target.Name, r))
			}
		}
	}
	p.Families = rowsOf(s.checks, s.outcomes)
	p.Reports = reportsOf(s.checks, s.outcomes)
	p.shareWireBudget()
	for _, l := range legend {
		p.Legend = append(p.Legend, legendLine{string(l.verdict), class(l.verdict), l.meaning})
	}
	var b bytes.Buffer
	err := matrixTemplate.Execute(&b, p)
	return b.Bytes(), err
}

func columnOf(o outcome) column {
	c := column{Name: o.target.Target.Name, About: o.target.About}
	kept, asked := spec.CountMUSTs(o.results)
	c.Kept = fmt.Sprintf("%d of %d", kept, asked)
	switch {
	case o.target.unavailable != "":
		c.State = "not available: " + o.target.unavailable
	case o.buildError != nil:
		c.State = "not built"
	case o.unstartable != nil:
		c.State = "not started"
	}
	if c.State != "" && asked == 0 {
		c.Kept = "–"
	}
	return c
}

// worthTelling reports whether a result has more to say than its word and a reason.
func worthTelling(r spec.Result) bool {
	return r.Broken() || r.Verdict == spec.XPass || r.Verdict == spec.Error
}

func storyOf(server string, r spec.Result) story {
	return story{
		ID: storyID(server, r.Check.Slug), Server: server, Slug: r.Check.Slug, Word: string(r.Verdict), Class: class(r.Verdict),
		Text: plainMargin(r.Detail()), Wire: strings.Join(r.Wire, "\n"), Lines: len(r.Wire),
	}
}

// plainMargin takes the margin away that sets a report off in a terminal.
func plainMargin(text string) string {
	return strings.TrimSuffix(strings.ReplaceAll("\n"+text, "\n    ", "\n"), "\n")[1:]
}

func storyID(server, slug string) string {
	return strings.NewReplacer("/", "-", " ", "-", ":", "-").Replace(server + "--" + slug)
}

func class(v spec.Verdict) string { return strings.ReplaceAll(string(v), "/", "") }

func rowsOf(checks []spec.Check, all []outcome) (families []familyRows) {
	results := make([]map[string]spec.Result, len(all))
	for i, o := range all {
		results[i] = map[string]spec.Result{}
		for _, r := range o.results {
			if before, seen := results[i][r.Check.Slug]; !seen || !worthTelling(before) { // of -count, the one that broke
				results[i][r.Check.Slug] = r
			}
		}
	}
	for _, check := range checks {
		if last := len(families) - 1; last < 0 || families[last].Name != check.Family() {
			families = append(families, familyRows{Name: check.Family()})
		}
		r := row{Slug: check.Slug, Level: check.Level.String(), Says: check.Says}
		for i, o := range all {
			r.Cells = append(r.Cells, cellOf(o.target.Target.Name, results[i], check.Slug))
		}
		at := &families[len(families)-1]
		at.Rows = append(at.Rows, r)
	}
	return families
}

func cellOf(server string, results map[string]spec.Result, slug string) cell {
	r, ran := results[slug]
	if !ran {
		return cell{Word: "–", Class: "none", Reason: "not run"}
	}
	c := cell{Word: string(r.Verdict), Class: class(r.Verdict), Reason: r.Reason}
	switch {
	case worthTelling(r):
		c.Link, c.Reason = storyID(server, slug), ""
	case reports(r):
		c.Link = reportID(slug)
	}
	return c
}

// reports says whether a result is a figure or a choice that a reader may want.
func reports(r spec.Result) bool {
	return r.Reason != "" && (r.Verdict == spec.Info || r.Verdict == spec.Pass)
}

func reportID(slug string) string { return "reported--" + strings.ReplaceAll(slug, "/", "-") }

// reportsOf collects them by check. Of several rounds (-count) the last one is told, as in the matrix.
func reportsOf(checks []spec.Check, all []outcome) (told []report) {
	for _, check := range checks {
		r := report{ID: reportID(check.Slug), Slug: check.Slug}
		for _, o := range all {
			for _, result := range slices.Backward(o.results) {
				if result.Check.Slug == check.Slug {
					r.add(o.target.Target.Name, result)
					break
				}
			}
		}
		if len(r.Found) > 0 {
			told = append(told, r)
		}
	}
	return told
}

func (r *report) add(server string, result spec.Result) {
	if !reports(result) {
		return
	}
	for i := range r.Found {
		if r.Found[i].What == result.Reason {
			r.Found[i].Servers += ", " + server
			return
		}
	}
	r.Found = append(r.Found, found{server, result.Reason})
}

// shareWireBudget cuts the wire logs to equal shares, each in its middle.
func (p *page) shareWireBudget() {
	if len(p.Stories) == 0 {
		return
	}
	share := wireBudget / len(p.Stories)
	for i := range p.Stories {
		p.Stories[i].Wire = cutMiddle(p.Stories[i].Wire, share)
	}
}

func cutMiddle(text string, most int) string {
	if len(text) <= most {
		return text
	}
	head, tail := text[:most/3], text[len(text)-most*2/3:]
	head = head[:strings.LastIndexByte(head, '\n')+1]
	tail = tail[strings.IndexByte(tail, '\n')+1:]
	return head + "  ...     cut here; -trace DIR keeps it whole\n" + tail
}

// summaryLine is the last line of the text report.
func summaryLine(all []outcome, strict bool) string {
	total := tally{}
	for _, o := range all {
		total.add(o.counts)
	}
	return total.text(strict)
}
