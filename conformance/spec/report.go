package spec

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// lineWidth is where sentences of a report are folded.
const lineWidth = 110

// heading is the word of a verdict in a report's first line, as go test writes it.
func (v Verdict) heading() string {
	switch v {
	case XFail:
		return "KNOWN"
	case NotApplicable, Precondition:
		return "SKIP"
	}
	return strings.ToUpper(string(v))
}

// Headline is the first line of a report: --- FAIL: gnet close/half-close-backlog (0.61s).
func (r Result) Headline(server string) string {
	return fmt.Sprintf("--- %s: %s %s (%.2fs)\n", r.Verdict.heading(), server, r.Check.Slug, r.Elapsed.Seconds())
}

// Report says all about a result: the headline, and for one that is not a plain pass what was asked, what came, when,
// what the server was doing, and the command that shows it again.
func (r Result) Report(server string) string {
	return r.Headline(server) + r.Detail()
}

// Detail is the report without its headline. It is empty for a pass.
func (r Result) Detail() string {
	var b strings.Builder
	if r.Broken() || r.Verdict == XPass || r.Verdict == Error {
		paragraph(&b, r.Check.Level.String(), fold(r.Check.Says)...)
	}
	for _, f := range r.Failures {
		if f.Want != "" {
			paragraph(&b, "want", fold(f.Want)...)
		}
		paragraph(&b, "got", append(fold(f.Got), f.Detail...)...)
	}
	r.verdictLines(&b)
	if !r.Broken() && r.Verdict != Error {
		return b.String()
	}
	if r.Timeline != "" {
		paragraph(&b, "when", fold(r.Timeline)...)
	}
	if len(r.Facts) > 0 {
		paragraph(&b, "server", r.Facts...)
	}
	if len(r.Also) > 0 {
		paragraph(&b, "also", fold(strings.Join(r.Also, ", ")+": known to fail this too")...)
	}
	paragraph(&b, "again", r.Again)
	return b.String()
}

// verdictLines says why the verdict is what it is, where the failures do not.
func (r Result) verdictLines(b *strings.Builder) {
	switch r.Verdict {
	case XFail:
		paragraph(b, "known", fold(r.Known)...)
	case XPass:
		paragraph(b, "got", fmt.Sprintf("the server passes, %d times running, although its manifest says that it fails", doubts))
		paragraph(b, "known", fold(r.Known)...)
		paragraph(b, "remove", fmt.Sprintf("%q from \"known\" in the server's impl.json", r.Check.Slug))
	case Flaky:
		paragraph(b, "then", "it passed in a fresh process")
	default:
		if r.Reason != "" {
			paragraph(b, reasonWord(r.Verdict), strings.Split(strings.TrimSpace(r.Reason), "\n")...)
		}
	}
}

func reasonWord(v Verdict) string {
	switch v {
	case Crash, Hang:
		return string(v)
	case Error:
		return "error"
	case Info, Pass:
		return "found"
	}
	return "why"
}

// margin is the width of the words at the left: "again " and its like, after four spaces.
const margin = 6

func paragraph(b *strings.Builder, word string, lines ...string) {
	for _, line := range lines {
		fmt.Fprintf(b, "    %-*s%s\n", max(margin, len(word)+1), word, line)
		word = strings.Repeat(" ", min(len(word), margin-1))
	}
}

// fold breaks a sentence into lines.
func fold(sentence string) []string {
	var lines []string
	line, width := "", 0
	for word := range strings.FieldsSeq(sentence) {
		length := utf8.RuneCountInString(word)
		if width > 0 && width+1+length > lineWidth-4-margin {
			lines, line, width = append(lines, line), "", 0
		}
		if width > 0 {
			line, width = line+" ", width+1
		}
		line, width = line+word, width+length
	}
	return append(lines, line)
}
