package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Findings are what the run says, in words, for a reader who reads nothing else. Who is right at all comes before what it costs, in
// the headline and below it.
type findings struct {
	Headline string
	First    string   // which design suits which workload
	Suits    []string // the same, workload by workload and server by server
	Points   []string // what neither says
	Doubts   []string // what is missing, so that nobody takes the rest for the whole
}

func (s study) findings() findings {
	return findings{
		Headline: strings.Join(noted(s.echoHeadline(), s.costHeadline()), " "),
		First:    strings.Join(noted(s.echoPoint(), s.terms(), s.advice(), s.memoryAdvice(), s.callsAdvice()), " "),
		Suits:    s.suits(),
		Points:   noted(s.spreadPoint()),
		Doubts:   noted(append([]string{s.chance(), s.failedCells(), s.limitedCells(), s.unavailable()}, s.Run.Notes()...)...),
	}
}

// A lead is the outcome of one workload.
type lead struct {
	workload workload
	leaders  []string
	rivals   int // servers with figures that take part, the leaders among them
	sure     bool
}

func (s study) leads() (leads []lead) {
	for _, w := range s.Workloads {
		if leaders, sure := w.cheapest(); len(leaders) > 0 {
			leads = append(leads, lead{w, leaders, len(w.rivals()), sure})
		}
	}
	return leads
}

// costHeadline names who is cheapest, and claims no more than the intervals allow.
func (s study) costHeadline() string {
	leads := s.leads()
	if len(leads) == 0 {
		return "This run holds no figures for the cost of a request."
	}
	leads = slices.DeleteFunc(leads, func(l lead) bool { return !l.sure })
	if len(leads) == 0 {
		return "Too few blocks to say who is cheapest: a difference needs at least 6."
	}
	if only := s.onlyRival(leads); only != "" {
		return fmt.Sprintf("%s is the only server here besides %s, so there is nothing to compare it with.", s.caveat(only), reference)
	}
	if always := commonLeaders(leads); len(always) > 0 {
		return s.alwaysSentence(always, leads)
	}
	return s.mixedSentence(leads)
}

// onlyRival is the server that has no other to compete with, in any workload.
func (s study) onlyRival(leads []lead) string {
	name := leads[0].leaders[0]
	for _, l := range leads {
		if l.rivals > 1 || l.leaders[0] != name {
			return ""
		}
	}
	return name
}

// commonLeaders lead in every workload, alone or tied.
func commonLeaders(leads []lead) []string {
	return slices.DeleteFunc(slices.Clone(leads[0].leaders), func(name string) bool {
		return slices.ContainsFunc(leads, func(l lead) bool { return !slices.Contains(l.leaders, name) })
	})
}

func (s study) alwaysSentence(names []string, leads []lead) string {
	everywhere, anywhere := "in the only workload", "in the only workload"
	if len(leads) > 1 {
		everywhere, anywhere = fmt.Sprintf("in all %d workloads", len(leads)), fmt.Sprintf("in any of %d workloads", len(leads))
	}
	slices.Sort(names) // their order must not look like a rank
	switch {
	case !slices.ContainsFunc(leads, func(l lead) bool { return len(l.leaders) > 1 }):
		return fmt.Sprintf("%s costs the least server CPU per request %s.", s.caveat(names[0]), everywhere)
	case s.allTied(leads):
		return fmt.Sprintf("No server is detectably cheaper per request than another %s.", anywhere)
	default:
		return fmt.Sprintf("No server is detectably cheaper per request than %s %s.", list(s.caveats(names), "or"), anywhere)
	}
}

// allTied reports whether no workload tells any server from the cheapest.
func (s study) allTied(leads []lead) bool {
	return !slices.ContainsFunc(leads, func(l lead) bool { return len(l.leaders) < l.rivals })
}

// mixedSentence is for workloads with different winners: each name with the number of workloads that it leads.
func (s study) mixedSentence(leads []lead) string {
	wins := map[string]int{}
	var names []string
	for _, l := range leads {
		for _, name := range l.leaders {
			if wins[name]++; wins[name] == 1 {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(wins[b], wins[a]), cmp.Compare(a, b)) })
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s in %d", s.caveat(name), wins[name]))
	}
	return fmt.Sprintf("No server is cheapest everywhere. Of %d workloads, %s cost the least server CPU per request, alone or tied.", len(leads), list(parts, "and"))
}

// caveat never lets a name stand for speed alone when the server is not right.
func (s study) caveat(name string) string {
	if n := s.Echo.broken[name]; n > 0 {
		return fmt.Sprintf("%s (which fails %s)", name, countOf(n, "MUST"))
	}
	return name
}

func (s study) caveats(names []string) (out []string) {
	for _, name := range names {
		out = append(out, s.caveat(name))
	}
	return out
}

// echoHeadline counts who echoes as an echo server must.
func (s study) echoHeadline() string {
	switch checked, failing := s.Echo.checked(), len(s.Echo.broken); {
	case checked == 0:
		return ""
	case failing == 0 && checked == 1:
		return "The only server that was checked breaks no MUST."
	case failing == 0:
		return fmt.Sprintf("None of %d servers breaks a MUST.", checked)
	case failing == 1:
		return fmt.Sprintf("1 of %s breaks a MUST.", countOf(checked, "server"))
	default:
		return fmt.Sprintf("%d of %s break a MUST.", failing, countOf(checked, "server"))
	}
}

// echoPoint says who echoes as an echo server must.
func (s study) echoPoint() string {
	if !s.Echo.Checked {
		return "No conformance report belongs to this run, so nothing is known about who echoes correctly."
	}
	var failing []string
	checked := s.Echo.checked()
	for _, im := range s.Echo.Impls {
		if n := s.Echo.broken[im.Name]; n > 0 {
			failing = append(failing, fmt.Sprintf("%s fails %s", im.Name, countOf(n, "MUST")))
			if len(failing) > 1 {
				failing[len(failing)-1] = fmt.Sprintf("%s %d", im.Name, n)
			}
		}
	}
	switch {
	case checked == 0:
		return "The conformance report holds no results."
	case len(failing) == 0:
		return fmt.Sprintf("No MUST of the specification was broken by any of the %s that %s checked.", countOf(checked, "implementation"), wasWere(checked))
	}
	return fmt.Sprintf("%d of %s break no MUST of the specification; %s.", checked-len(failing), countOf(checked, "implementation"), list(failing, "and"))
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// spreadPoint tells how far from the reference the servers are over all workloads, as far as anyone can tell.
func (s study) spreadPoint() string {
	type end struct {
		ratio          float64
		impl, workload string
	}
	var ends []end
	for _, w := range s.Workloads {
		for _, row := range w.Rows {
			if row.Impl != reference && row.CPURatio.Differs() {
				ends = append(ends, end{row.CPURatio.Median, row.Impl, w.Name})
			}
		}
	}
	if len(ends) < 2 {
		return ""
	}
	slices.SortStableFunc(ends, func(a, b end) int { return cmp.Compare(a.ratio, b.ratio) })
	least, most := ends[0], ends[len(ends)-1]
	return fmt.Sprintf("Where a server differs detectably from %s, the least that an echo server can be, a request costs between %s (%s, %s) and %s (%s, %s).",
		reference, multiple(least.ratio), least.impl, least.workload, multiple(most.ratio), most.impl, most.workload)
}

// chance says how much of what is shown as a difference may be luck: an interval errs by itself, and a table has many.
func (s study) chance() string {
	alone, together, all := 0, 0, 0
	for _, w := range s.Workloads {
		for _, row := range w.Rows {
			if row.Impl == reference || !row.CPURatio.Trusted() {
				continue
			}
			all++
			if row.CPURatio.Differs() {
				alone++
			}
			if row.CPURatioP < 0.05 {
				together++
			}
		}
	}
	if alone <= together {
		return ""
	}
	return fmt.Sprintf("Of %s with %s, %d differ by their own 95%% interval, of which one in twenty may be chance; taken together, workload by workload"+
		" (Holm's method), %d do. More blocks settle it.", countOf(all, "comparison"), reference, alone, together)
}

func (s study) failedCells() string {
	failed, all := 0, len(s.Run.Cells())
	for _, r := range s.Run.Cells() {
		if r.Failed() {
			failed++
		}
	}
	if failed == 0 {
		return ""
	}
	return fmt.Sprintf("Left out: %d of %s ended in an error and %s no figures; the reasons stand below each table.", failed, countOf(all, "cell"), hasHave(failed))
}

func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

func (s study) limitedCells() string {
	limited, all := 0, 0
	for _, r := range s.Run.Cells() {
		if r.Failed() || r.Loop == "idle" {
			continue
		}
		all++
		if r.ClientLimited {
			limited++
		}
	}
	if limited == 0 {
		return ""
	}
	return fmt.Sprintf("Client-limited: in %d of %s the load generator was the limit. Throughput and latency of those are shown hollow or dotted and"+
		" not compared; CPU per request stays valid.", limited, countOf(all, "cell"))
}

func (s study) unavailable() string {
	var parts []string
	for _, im := range s.Echo.Impls {
		if im.Unavailable != "" {
			parts = append(parts, im.Name+" ("+im.Unavailable+")")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Not installed here, and neither checked nor measured: " + list(parts, "and") + "."
}
