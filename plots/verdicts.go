package main

import "slices"

// A verdictStyle is how a verdict stands in the matrix: a word first, so that it can be read without colour.
type verdictStyle struct {
	Verdict string // as in the report
	Word    string // in the cell
	Class   string // for the colour
	Means   string // in a sentence
}

// verdictStyles stand in rising severity.
var verdictStyles = []verdictStyle{
	{"pass", "✓", "good", "meets the sentence"},
	{"info", "info", "quiet", "a fact, not a judgement"},
	{"n/a", "n/a", "quiet", "does not apply to this server"},
	{"skip", "skip", "quiet", "was left out of this run"},
	{"precondition", "cannot", "quiet", "the machine could not bring about the situation"},
	{"weak", "weak", "doubt", "does not meet a SHOULD"},
	{"error", "error", "doubt", "the harness failed, so nothing is known about the server"},
	{"flaky", "flaky", "doubt", "sometimes meets the sentence and sometimes does not"},
	{"xpass", "passes", "doubt", "passes although it stands in the list of known failures, which is out of date"},
	{"xfail", "known", "bad", "does not meet the sentence, which is known and documented"},
	{"fail", "FAIL", "bad", "does not meet the sentence"},
	{"hang", "HANG", "bad", "did not come to an end"},
	{"crash", "CRASH", "bad", "the server died"},
}

// severity orders verdicts; an unknown one is worst, because nobody should overlook it.
func severity(verdict string) int {
	if at := verdictIndex(verdict); at >= 0 {
		return at
	}
	return len(verdictStyles)
}

func verdictIndex(verdict string) int {
	return slices.IndexFunc(verdictStyles, func(s verdictStyle) bool { return s.Verdict == verdict })
}

// Style is how the cell looks; one without a result is a dash.
func (c cell) Style() verdictStyle {
	if !c.Run {
		return verdictStyle{"", "–", "quiet", "not checked"}
	}
	if at := verdictIndex(c.Verdict); at >= 0 {
		return verdictStyles[at]
	}
	return verdictStyle{c.Verdict, c.Verdict, "doubt", "a verdict that this program does not know"}
}
