package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"reactorbench/results"
)

// printTable prints one table for each workload. A figure comes with its interval or with the reason why it is not there.
func printTable(w io.Writer, records []results.Record, workloads []Workload, footer string) {
	summaries := results.Summarise(records)
	for _, load := range workloads {
		var rows []results.Summary
		for _, s := range summaries {
			if s.Workload == load.Name {
				rows = append(rows, s)
			}
		}
		referenceFirst(rows)
		fmt.Fprintf(w, "\n%s: %s\n", load.Name, load.shape())
		switch load.Loop {
		case "idle":
			printIdle(w, rows)
		case "open":
			printOpen(w, rows)
		default:
			printClosed(w, rows)
		}
		if load.Loop != "idle" {
			printClient(w, records, rows, load.Name)
		}
		printAlone(w, records, load.Name)
		printUnread(w, records, rows)
	}
	printClients(w, records, workloads)
	fmt.Fprintf(w, "\n%s\n", footer)
}

// referenceFirst puts the limit line above those that are measured by it.
func referenceFirst(rows []results.Summary) {
	slices.SortStableFunc(rows, func(a, b results.Summary) int {
		switch {
		case a.Impl == results.Reference && b.Impl != results.Reference:
			return -1
		case b.Impl == results.Reference && a.Impl != results.Reference:
			return 1
		}
		return 0
	})
}

func printClosed(w io.Writer, rows []results.Summary) {
	table := [][]string{{"", "CPU/request", "× bare", "client CPU", "machine CPU", "requests/s", "p50", "p99 (service, closed loop)", ""}}
	for _, s := range rows {
		table = append(table, []string{
			s.Impl, duration(s.CPUPerRequestNs), ratio(s), duration(s.ClientCPUPerRequestNs), duration(s.MachineCPUPerRequestNs),
			unlessLimited(s, rate(s.RequestsPerSecond)), unlessLimited(s, duration(s.LatencyP50Ns)), unlessLimited(s, duration(s.LatencyP99Ns)),
			remarks(s),
		})
	}
	printColumns(w, table)
	printFamily(w, rows)
}

// printFamily names the differences that remain when it is considered how many were looked for: of twenty 95 % intervals one leaves out
// 1 by chance.
func printFamily(w io.Writer, rows []results.Summary) {
	var differ []string
	compared := 0
	for _, s := range rows {
		if s.Impl == results.Reference || !s.CPURatio.Trusted() {
			continue
		}
		compared++
		if s.CPURatioP < 0.05 {
			differ = append(differ, s.Impl)
		}
	}
	if compared < 2 {
		return
	}
	text := "none"
	if len(differ) > 0 {
		text = strings.Join(differ, ", ")
	}
	fmt.Fprintf(w, "  of %d comparisons with %s, taken together (Holm, 5 %%), these differ in CPU: %s\n", compared, results.Reference, text)
}

// printUnread tells what part of the latency passed between the kernel's receipt of a reply and the read, where the stamps were asked for.
func printUnread(w io.Writer, records []results.Record, rows []results.Summary) {
	var parts []string
	for _, s := range rows {
		var shares []float64
		for _, r := range records {
			if r.Impl == s.Impl && r.Workload == s.Workload && r.Purpose == "" && r.ReceiveLagShare > 0 {
				shares = append(shares, r.ReceiveLagShare)
			}
		}
		if len(shares) > 0 {
			slices.Sort(shares)
			parts = append(parts, fmt.Sprintf("%s %.0f %%", s.Impl, 100*shares[len(shares)/2]))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(w, "  of the latency replies waited for the generator to read them, by the kernel's time stamps: %s\n", strings.Join(parts, ", "))
	}
}

func printOpen(w io.Writer, rows []results.Summary) {
	table := [][]string{{"", "CPU/request", "× bare", "client CPU", "machine CPU", "answered/s", "response p50", "p99", "service p50", "p99", ""}}
	for _, s := range rows {
		table = append(table, []string{
			s.Impl, duration(s.CPUPerRequestNs), ratio(s), duration(s.ClientCPUPerRequestNs), duration(s.MachineCPUPerRequestNs), unlessLimited(s, rate(s.RequestsPerSecond)),
			unlessBlurred(s, s.BlurredP50, s.LatencyP50Ns), unlessBlurred(s, s.BlurredP99, s.LatencyP99Ns),
			unlessBlurred(s, s.BlurredP50, s.ServiceP50Ns), unlessBlurred(s, s.BlurredP99, s.ServiceP99Ns),
			remarks(s),
		})
	}
	printColumns(w, table)
	printFamily(w, rows)
	fmt.Fprint(w, whyTheyDiffer)
	for _, s := range rows {
		if text := whyItDiffers(s); text != "" {
			fmt.Fprintf(w, "  %s: %s\n", s.Impl, text)
		}
	}
}

// whyTheyDiffer stands below every table of an open loop.
const whyTheyDiffer = `  response counts from the moment for which a request was planned, service only from the moment at which it was really sent.
  A user feels the response: a request that had to wait before it could be sent has waited all the same.
`

func printIdle(w io.Writer, rows []results.Summary) {
	table := [][]string{{"", "bytes/idle connection (user memory)", "kernel's socket buffers", "peak of the process", ""}}
	for _, s := range rows {
		table = append(table, []string{s.Impl, number(s.BytesPerIdleConn, 1, 0, " B"), number(s.SocketBytesPerIdleConn, 1, 0, " B"), number(s.PeakBytes, 1.0/(1<<20), 1, " MiB"), remarks(s)})
	}
	printColumns(w, table)
}

// whyItDiffers explains a response time that is clearly longer than the service time by the parts of the wait before sending.
func whyItDiffers(s results.Summary) string {
	response, service, lag, late := s.LatencyP99Ns, s.ServiceP99Ns, s.SendLagP99Ns, s.LateP99Ns
	if !response.Known() || !service.Known() || response.Median < 1.1*service.Median {
		return ""
	}
	text := fmt.Sprintf("p99 is %s as response and %s as service, since requests waited up to %s (p99) to be sent",
		short(response), short(service), short(lag))
	if late.Median < 0.5*lag.Median {
		return text + fmt.Sprintf("; %s of that was the generator's own lateness, the rest waited for the server to free a place on the connection", short(late))
	}
	return text + fmt.Sprintf("; the generator itself was late by %s", short(late))
}

func short(e results.Estimate) string { return rounded(int64(e.Median)).String() }

// ratio is the headline: how much more than the least a server can do.
func ratio(s results.Summary) string {
	switch r := s.CPURatio; {
	case !r.Known():
		return "–"
	case s.Impl == results.Reference:
		return "1.00"
	case !r.Trusted():
		return fmt.Sprintf("%.2f (%s)", r.Median, countOf(r.N, "block"))
	case !r.Differs():
		return fmt.Sprintf("no detectable difference (%.2f ±%.2f)", r.Median, r.PlusMinus())
	default:
		return fmt.Sprintf("%.2f ±%.2f", r.Median, r.PlusMinus())
	}
}

// unlessLimited leaves a figure out that says more about the client than about the server; remarks say why.
func unlessLimited(s results.Summary, text string) string {
	if s.ClientLimited*2 > s.Blocks {
		return "–"
	}
	return text
}

// unlessBlurred leaves a percentile out that says more about the generator's lateness than about the server, in more than half of the cells.
func unlessBlurred(s results.Summary, blurred int, ns results.Estimate) string {
	if (s.ClientLimited+blurred)*2 > s.Blocks {
		return "–"
	}
	return duration(ns)
}

// remarks are the doubts, behind the figures.
func remarks(s results.Summary) string {
	var parts []string
	if len(s.Errors) > 0 {
		parts = append(parts, fmt.Sprintf("✗ %d of %d cells failed: %s", len(s.Errors), len(s.Errors)+s.Blocks, s.Errors[0]))
	}
	if s.ClientLimited > 0 {
		parts = append(parts, fmt.Sprintf("speed not compared in %d of %d: %s", s.ClientLimited, s.Blocks, s.ClientLimitedWhy))
	}
	for _, p := range []struct {
		name    string
		blurred int
	}{{"p50", s.BlurredP50}, {"p99", s.BlurredP99}} {
		if p.blurred > 0 {
			parts = append(parts, fmt.Sprintf("%s not compared in %d of %d: the generator was late too unevenly", p.name, p.blurred, s.Blocks))
		}
	}
	if s.Short > 0 {
		parts = append(parts, fmt.Sprintf("rate not reached in %d of %d: %s", s.Short, s.Blocks, s.ShortOf))
	}
	return strings.Join(parts, "; ")
}

// number writes an estimate scaled to a unit, with the longer side of its interval if that is a 95 % one.
func number(e results.Estimate, scale float64, decimals int, unit string) string {
	switch {
	case !e.Known():
		return "–"
	case !e.Trusted():
		return fmt.Sprintf("%.*f%s (%s)", decimals, e.Median*scale, unit, countOf(e.N, "block"))
	}
	return fmt.Sprintf("%.*f%s ±%.*f", decimals, e.Median*scale, unit, decimals, e.PlusMinus()*scale)
}

// countOf is "1 block" or "12 blocks".
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// duration chooses the unit by the median, and two decimals where the number is small.
func duration(ns results.Estimate) string {
	unit, per := "ns", float64(time.Nanosecond)
	switch {
	case ns.Median >= 1e6:
		unit, per = "ms", float64(time.Millisecond)
	case ns.Median >= 1e3:
		unit, per = "µs", float64(time.Microsecond)
	}
	return number(ns, 1/per, decimals(ns.Median/per), " "+unit)
}

func decimals(value float64) int {
	if math.Abs(value) < 100 {
		return 2
	}
	return 0
}

func rate(e results.Estimate) string {
	if e.Median >= 1e4 {
		return number(e, 1e-3, decimals(e.Median/1e4), " k")
	}
	return number(e, 1, 0, "")
}

// printColumns aligns by runes, since µ and × are two bytes and one column.
func printColumns(w io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, row := range table {
		var line strings.Builder
		for i, text := range row {
			line.WriteString(text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
