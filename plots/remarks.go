package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"reactorbench/results"
)

// remarks are the sentences below a table: why cells are missing, why some are not compared, and what the load generator
// noticed.
func (w workload) remarks() (sentences []string) {
	for _, kind := range []struct {
		what    string
		reasons func(results.Record) []string
	}{
		{"no figures", func(r results.Record) []string { return noted(r.Error) }},
		{"client-limited", limits},
		{"not compared", blurs},
		{"note", func(r results.Record) []string { return r.Warnings }},
	} {
		for _, reason := range w.gather(kind.reasons) {
			sentences = append(sentences, fmt.Sprintf("%s: %s: %s", kind.what, reason.words(), w.whose(reason.cells)))
		}
	}
	return sentences
}

func limits(r results.Record) []string {
	if !r.ClientLimited {
		return nil
	}
	return []string{cmp.Or(r.ClientLimitedWhy, "no reason is recorded")}
}

// blurs names the percentiles that the generator's lateness may have changed by too much.
func blurs(r results.Record) (sentences []string) {
	if r.ClientLimited {
		return nil
	}
	for _, percent := range []float64{50, 90, 99, 99.9} {
		if r.Blurred(percent) {
			sentences = append(sentences, fmt.Sprintf("p%g, the generator was late too unevenly", percent))
		}
	}
	return sentences
}

// A reason is a sentence that several cells give, alike but for its numbers: "the generator waited 9 % of the time for a core"
// and the same with 85 %. Two hundred of them say less than one with the range.
type reason struct {
	pattern   string // with a mark for each number
	low, high []string
	cells     map[string]int // by implementation
}

const numberMark = "\x00"

var number = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// gather collects the reasons in the order of the table's rows.
func (w workload) gather(reasons func(results.Record) []string) (all []*reason) {
	known := map[string]*reason{}
	for _, row := range w.Rows {
		for _, r := range w.Records {
			if r.Impl != row.Impl {
				continue
			}
			for _, sentence := range reasons(r) {
				pattern := number.ReplaceAllString(sentence, numberMark)
				if known[pattern] == nil {
					known[pattern] = &reason{pattern: pattern, cells: map[string]int{}}
					all = append(all, known[pattern])
				}
				known[pattern].add(r.Impl, number.FindAllString(sentence, -1))
			}
		}
	}
	return all
}

func (r *reason) add(impl string, numbers []string) {
	r.cells[impl]++
	if r.low == nil {
		r.low, r.high = append([]string{}, numbers...), append([]string{}, numbers...)
	}
	for i, n := range numbers {
		if size(n) < size(r.low[i]) {
			r.low[i] = n
		}
		if size(n) > size(r.high[i]) {
			r.high[i] = n
		}
	}
}

func size(number string) float64 {
	v, _ := strconv.ParseFloat(number, 64) // the expression only finds numbers; a longer one is infinite, which sorts as well
	return v
}

// words puts the numbers back, as a range where they differ.
func (r *reason) words() string {
	text := r.pattern
	for i := range r.low {
		span := r.low[i]
		if r.high[i] != span {
			span += " to " + r.high[i]
		}
		text = strings.Replace(text, numberMark, span, 1)
	}
	return text
}

// whose names the servers, each with its number of cells, or all of them at once.
func (w workload) whose(cells map[string]int) string {
	var who []string
	everywhere := true
	for _, row := range w.Rows {
		all := row.Blocks + len(row.Errors)
		everywhere = everywhere && cells[row.Impl] == all
		if n := cells[row.Impl]; n > 0 {
			who = append(who, fmt.Sprintf("%s in %d of %s", row.Impl, n, countOf(all, "block")))
		}
	}
	if everywhere && len(w.Rows) > 1 {
		return "every server in every block"
	}
	return list(who, "and")
}
