package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"reactorbench/results"
)

// A choice is what one workload recommends: of the servers that break no MUST the one with the lowest median, and all that cannot be
// told from it.
type choice struct {
	workload workload
	servers  []string // by name, as their order must not look like a rank
	cheapest string   // by median; only to compare others with
	rivals   int      // servers that took part
}

// choices are those of the workloads with requests.
func (s study) choices() (all []choice) {
	for _, w := range s.Workloads {
		rivals := slices.DeleteFunc(w.rivals(), func(row results.Summary) bool { return !s.advisable(row) })
		leaders, sure := w.cheapestOf(rivals)
		if !sure {
			continue
		}
		all = append(all, choice{w, slices.Sorted(slices.Values(leaders)), leaders[0], len(rivals)})
	}
	return all
}

// advisable servers break no MUST, as far as was asked, and have enough blocks: a cost that cannot be told from the least because there
// are too few may be any.
func (s study) advisable(row results.Summary) bool {
	return s.Echo.sound(row.Impl) && row.CPUPerRequestNs.Trusted()
}

// terms says who can be advised at all.
func (s study) terms() string {
	if len(s.Echo.broken) == 0 || len(s.choices()) == 0 {
		return ""
	}
	return "No speed makes up for that, so only the others are advised here."
}

// advice says in plain words which design suits which workload. It ranks nothing that the intervals do not.
func (s study) advice() string {
	var sentences []string
	for _, alike := range alikeChoices(s.choices(), func(c choice) []string { return s.designs(c.servers) }) {
		designs := articles(s.designs(alike[0].servers))
		where := list(workloadNames(alike), "and")
		switch {
		case len(designs) > 1:
			sentences = append(sentences, fmt.Sprintf("In %s there is no detectable difference between %s.", where, list(designs, "and")))
		case len(s.designs(s.soundRivals(alike))) == 1:
			sentences = append(sentences, fmt.Sprintf("In %s there was only %s.", where, designs[0]))
		default:
			sentences = append(sentences, fmt.Sprintf("In %s %s suits best, by server CPU per request.", where, designs[0]))
		}
	}
	return strings.Join(sentences, " ")
}

func workloadNames(choices []choice) (names []string) {
	for _, c := range choices {
		names = append(names, c.workload.Name)
	}
	return names
}

// suits are the sentences behind advice, with the servers and their figures.
func (s study) suits() (sentences []string) {
	choices := s.choices()
	for _, alike := range alikeChoices(choices, func(c choice) []string { return c.servers }) {
		sentences = append(sentences, s.recommend(alike))
	}
	return append(sentences, s.prices(choices)...)
}

// alikeChoices puts workloads with the same outcome together.
func alikeChoices(choices []choice, outcome func(choice) []string) (groups [][]choice) {
	for _, c := range choices {
		at := slices.IndexFunc(groups, func(g []choice) bool { return slices.Equal(outcome(g[0]), outcome(c)) })
		if at < 0 {
			groups = append(groups, nil)
			at = len(groups) - 1
		}
		groups[at] = append(groups[at], c)
	}
	return groups
}

// recommend is the sentence of workloads with the same outcome.
func (s study) recommend(alike []choice) string {
	var where []string
	for _, c := range alike {
		where = append(where, fmt.Sprintf("%s (%s)", c.workload.Name, c.workload.inShort()))
	}
	first := alike[0]
	what := tied(first.servers)
	switch {
	case first.rivals == 1:
		what = "only " + first.servers[0] + " took part"
	case len(s.designs(first.servers)) > 1:
		what = "no detectable difference between " + s.byDesign(first.servers)
	}
	return list(where, "and") + ": " + what + spent(alike) + "."
}

// tied names servers of one design.
func tied(servers []string) string {
	if len(servers) == 1 {
		return servers[0] + " takes the least server CPU"
	}
	return "no detectable difference between " + list(servers, "and")
}

// spent is the CPU of a request in the servers of the choice.
func spent(alike []choice) string {
	var spans []string
	for _, c := range alike {
		var medians []float64
		for _, name := range c.servers {
			medians = append(medians, c.workload.row(name).CPUPerRequestNs.Median)
		}
		spans = append(spans, spanWords(slices.Min(medians), slices.Max(medians), duration))
	}
	return ", " + list(spans, "and") + " a request"
}

// inShort is what tells a workload from others, without the words of conditions.
func (w workload) inShort() string {
	shape := w.shape()
	text := countOf(shape.Conns, "connection") + ", " + sizeWords(shape.MessageBytes) + " requests"
	if shape.Depth > 1 {
		text += ", " + count(int64(shape.Depth)) + " in flight on each"
	}
	if w.open() {
		text += ", " + rateTick(shape.AskedPerSecond) + " by plan"
	}
	return text
}

// sizeWords knows the round sizes of messages, which are powers of two.
func sizeWords(bytes int) string {
	if bytes >= 1<<10 && bytes%(1<<10) == 0 {
		return count(int64(bytes>>10)) + "\u00a0KiB"
	}
	return count(int64(bytes)) + "\u00a0B"
}

// byDesign names servers under their designs: "a single reactor (reactor/epoll, reactor/poll) and a goroutine per connection (goroutine)".
func (s study) byDesign(servers []string) string {
	var parts []string
	for _, design := range s.designs(servers) {
		parts = append(parts, fmt.Sprintf("%s (%s)", article(design), strings.Join(s.of(design, servers), ", ")))
	}
	return list(parts, "and")
}

func articles(nouns []string) (out []string) {
	for _, noun := range nouns {
		out = append(out, article(noun))
	}
	return out
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", []rune(noun + " ")[0]) {
		return "an " + noun
	}
	return "a " + noun
}

// designs are those of the servers, each once, by name.
func (s study) designs(servers []string) (all []string) {
	for _, name := range servers {
		all = append(all, s.design(name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s study) of(design string, servers []string) []string {
	return slices.DeleteFunc(slices.Clone(servers), func(name string) bool { return s.design(name) != design })
}

// design is what the records say that a server is.
func (s study) design(impl string) string {
	for _, r := range s.Run.Cells() {
		if r.Impl == impl && r.Design != "" {
			return r.Design
		}
	}
	return "unnamed design"
}

// prices say what a design costs where none of its servers is among the choices.
func (s study) prices(choices []choice) (sentences []string) {
	for _, design := range s.designs(s.soundRivals(choices)) {
		var ratios []float64
		var where []string
		for _, c := range choices {
			own := s.of(design, s.soundRivals([]choice{c}))
			if len(own) > 0 && len(s.of(design, c.servers)) == 0 {
				ratios, where = append(ratios, c.leastAgainst(own)), append(where, c.workload.Name)
			}
		}
		if len(ratios) > 0 {
			sentences = append(sentences, fmt.Sprintf("In %s %s takes %s the CPU of the cheapest.", list(where, "and"),
				s.byDesign(s.of(design, s.soundRivals(choices))), spanWords(slices.Min(ratios), slices.Max(ratios), multiple)))
		}
	}
	return sentences
}

// soundRivals are all that took part, by name.
func (s study) soundRivals(choices []choice) (names []string) {
	for _, c := range choices {
		for _, row := range c.workload.rivals() {
			if s.advisable(row) {
				names = append(names, row.Impl)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// leastAgainst is the smallest of the servers' multiples of the cheapest.
func (c choice) leastAgainst(servers []string) float64 {
	least := slices.MinFunc(servers, func(a, b string) int {
		return cmp.Compare(c.workload.against(a, c.cheapest).Median, c.workload.against(b, c.cheapest).Median)
	})
	return c.workload.against(least, c.cheapest).Median
}

// memoryAdvice and callsAdvice say what the designs cost besides CPU.
func (s study) memoryAdvice() string {
	costs := map[string][]float64{}
	for _, w := range s.Workloads {
		for _, row := range w.Rows {
			if w.idle() && row.BytesPerIdleConn.Known() {
				costs[row.Impl] = append(costs[row.Impl], row.BytesPerIdleConn.Median)
			}
		}
	}
	if words := s.costWords(costs, memory); words != "" {
		return "An idle connection holds " + words + "."
	}
	return s.unmeasured("The memory of idle connections was not measured in this run.")
}

func (s study) callsAdvice() string {
	costs := map[string][]float64{}
	for _, r := range s.Run.Records() {
		if r.Purpose == traced && !r.Failed() && r.SyscallsPerRequest > 0 {
			costs[r.Impl] = append(costs[r.Impl], r.SyscallsPerRequest)
		}
	}
	if words := s.costWords(costs, callsWords); words != "" {
		return "A request takes " + words + "."
	}
	return s.unmeasured("System calls were not counted in this run (loadgen -syscalls counts them).")
}

// unmeasured says what is missing beside an advice; without one nothing is expected.
func (s study) unmeasured(sentence string) string {
	if len(s.choices()) == 0 {
		return ""
	}
	return sentence
}

// costWords are the costs of each design's servers, from the least to the most: "8.44 kB in a goroutine per connection".
func (s study) costWords(costs map[string][]float64, format func(float64) string) string {
	var parts []string
	servers := s.soundRivals(s.choices())
	for _, design := range s.designs(servers) {
		var own []float64
		for _, name := range s.of(design, servers) {
			own = append(own, costs[name]...)
		}
		if len(own) > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", spanWords(slices.Min(own), slices.Max(own), format), article(design)))
		}
	}
	return list(parts, "and")
}

func callsWords(n float64) string { return significant(n) + " system calls" }

// row is the summary of one implementation, which must have one.
func (w workload) row(impl string) results.Summary {
	return w.Rows[slices.IndexFunc(w.Rows, func(s results.Summary) bool { return s.Impl == impl })]
}
