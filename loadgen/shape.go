package main

import (
	"fmt"
	"strings"
)

// shape is a workload in figures.
func (w Workload) shape() string {
	parts := []string{fmt.Sprintf("%d connections", w.Conns)}
	switch {
	case w.Loop == "idle":
		return fmt.Sprintf("%d idle connections", w.Conns) + w.sourcesText()
	case w.Loop == "open" && w.Depth > 0:
		parts = append(parts, fmt.Sprintf("at most %d deep", w.Depth))
	case w.Depth > 1:
		parts = append(parts, fmt.Sprintf("%d deep", w.Depth))
	}
	switch {
	case w.Storm:
		parts = append(parts, fmt.Sprintf("%d requests each, all begun at once, again and again", w.RequestsPerConn))
	case w.RequestsPerConn > 0:
		parts = append(parts, fmt.Sprintf("%d requests each, then a new one", w.RequestsPerConn))
	}
	parts = append(parts, w.sizesText())
	if w.Loop == "open" {
		parts = append(parts, w.scheduleText())
	}
	text := strings.Join(parts, " × ") + w.sourcesText()
	if w.StalledConns > 0 {
		text += fmt.Sprintf(", beside %d that never read", w.StalledConns)
	}
	return text
}

func (w Workload) sourcesText() string {
	if n := len(sourceAddresses(w.Sources)); n > 0 {
		return fmt.Sprintf(" from %d addresses", n)
	}
	return ""
}

func (w Workload) sizesText() string {
	var parts []string
	for _, s := range w.Mix {
		parts = append(parts, fmt.Sprintf("%g %% %s", 100*s.Share, bytesText(s.Bytes)))
	}
	for _, n := range w.Ladder {
		parts = append(parts, bytesText(n))
	}
	if len(parts) == 0 {
		return bytesText(w.MessageBytes)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func (w Workload) scheduleText() string {
	switch {
	case w.Ramp != nil:
		return fmt.Sprintf("%s to %s (%s)", rateText(w.Ramp.From), rateText(w.Ramp.To), w.arrivals())
	case len(w.Steps) > 0:
		var rates []string
		for _, s := range w.Steps {
			rates = append(rates, rateText(s.Rate))
		}
		return fmt.Sprintf("%s (%s)", strings.Join(rates, ", "), w.arrivals())
	case len(w.TraceUs) > 0:
		return fmt.Sprintf("a trace of %d gaps, %s", len(w.TraceUs), rateText(w.profile().mean(0)))
	}
	return fmt.Sprintf("%s (%s)", rateText(w.Rate), w.arrivals())
}

func rateText(perSecond float64) string {
	if perSecond >= 10_000 {
		return fmt.Sprintf("%.4g k/s", perSecond/1000)
	}
	return fmt.Sprintf("%.4g/s", perSecond)
}

func bytesText(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1024 && n%1024 == 0:
		return fmt.Sprintf("%d KiB", n/1024)
	}
	return fmt.Sprintf("%d B", n)
}
