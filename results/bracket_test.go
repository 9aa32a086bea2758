package results

import (
	"encoding/json"
	"testing"
)

// bounded is an open cell of which p50 is certain to 5 % and p99 to a half.
func bounded(impl string, block int) Record {
	r := openSample(impl, block)
	r.LatencyP50LeastNs, r.LatencyP50MostNs = r.LatencyP50Ns*95/100, r.LatencyP50Ns*105/100
	r.LatencyP99LeastNs, r.LatencyP99MostNs = r.LatencyP99Ns/2, r.LatencyP99Ns
	return r
}

func TestEachPercentileHasItsVerdict(t *testing.T) {
	sound, limited, closed := bounded("gnet", 0), bounded("gnet", 0), sample("gnet", "closed-64", 0)
	limited.ClientLimited = true
	early := bounded("gnet", 0)
	early.LatencyP50MostNs = early.LatencyP50Ns * 2
	for name, c := range map[string]struct {
		r        Record
		p50, p99 bool
	}{
		"late at p99":        {sound, true, false},
		"and client-limited": {limited, false, false},
		"early at p50":       {early, false, false},
		"a closed loop":      {closed, true, true},
		"before schema 3":    {openSample("gnet", 0), true, true},
	} {
		if c.r.Comparable(50) != c.p50 || c.r.Comparable(99) != c.p99 {
			t.Errorf("%s: p50 %v, p99 %v", name, c.r.Comparable(50), c.r.Comparable(99))
		}
	}
}

func TestSummariesLeaveOutBlurredPercentilesAlone(t *testing.T) {
	var cells []Record
	for block := range 6 {
		cells = append(cells, bounded("gnet", block))
	}
	cells[0].LatencyP50LeastNs = 1
	s := Summarise(cells)[0]
	if s.LatencyP50Ns.N != 5 || s.LatencyP99Ns.N != 0 || s.RequestsPerSecond.N != 6 {
		t.Errorf("p50 of %d cells, p99 of %d, throughput of %d", s.LatencyP50Ns.N, s.LatencyP99Ns.N, s.RequestsPerSecond.N)
	}
	if s.BlurredP50 != 1 || s.BlurredP99 != 6 || s.ClientLimited != 0 {
		t.Errorf("%d and %d blurred, %d client-limited", s.BlurredP50, s.BlurredP99, s.ClientLimited)
	}
}

// A bracket tells of every percentile, also of those without a field.
func TestBracketTellsOfEveryPercentile(t *testing.T) {
	measured, least := NewHistogram(), NewHistogram()
	for i := range int64(1000) {
		ns := 1000 * (i + 1)
		measured.Record(ns)
		if i >= 800 { // the slowest fifth may be the generator's by half
			ns /= 2
		}
		least.Record(ns)
	}
	var r Record
	var err error
	if r.LeastHDR, err = least.Encode(); err != nil {
		t.Fatal(err)
	}
	if r.MostHDR, err = measured.Encode(); err != nil {
		t.Fatal(err)
	}
	b, ok, err := r.Bracket()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	for percent, want := range map[float64]bool{10: true, 30: true, 90: false, 97: false} {
		if got := b.Tells(percent, measured.Percentile(percent)); got != want {
			t.Errorf("p%v: %v", percent, got)
		}
	}
	if ns, ok := r.Least(30); !ok || ns > measured.Percentile(30) {
		t.Errorf("least %d, %v", ns, ok)
	}
	if _, ok := sample("gnet", "closed-64", 0).Least(50); ok {
		t.Error("a closed loop has bounds")
	}
}

// Shifted moves every value and loses none.
func TestShiftedKeepsEveryValue(t *testing.T) {
	h := NewHistogram()
	h.RecordTimes(1000, 7)
	h.RecordTimes(5_000_000, 3)
	for by, want := range map[int64][2]int64{-2000: {1, 4_998_000}, 3000: {4000, 5_003_000}} {
		s := h.Shifted(by)
		if s.Count() != 10 || !within(s.Min(), want[0]) || !within(s.Max(), want[1]) {
			t.Errorf("by %d: %d values from %d to %d", by, s.Count(), s.Min(), s.Max())
		}
	}
}

// within is to the precision of a histogram.
func within(a, b int64) bool { return float64(a) >= 0.998*float64(b) && float64(a) <= 1.002*float64(b) }

// A program that reads schema 2 must not take a late generator's cells for comparable ones.
func TestBoundsRaiseTheSchema(t *testing.T) {
	text, err := json.Marshal(bounded("gnet", 0))
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil || r.Schema != 3 || r.Comparable(99) {
		t.Errorf("schema %d, comparable %v, %v", r.Schema, r.Comparable(99), err)
	}
}
