package main

import (
	"math"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// scheduleSeed is printed with every failure that depends on it.
const scheduleSeed = 11

func take(a *Arrivals, n int) []int64 {
	times := make([]int64, n)
	for i := range times {
		times[i] = a.peek()
		a.pop()
	}
	return times
}

// until lists the arrivals before a time.
func until(a *Arrivals, end time.Duration) (times []int64) {
	for ; a.peek() < int64(end); a.pop() {
		times = append(times, a.peek())
	}
	return times
}

func steadyAt(rate float64, poisson bool) *Profile {
	return &Profile{Poisson: poisson, Pieces: []Piece{{From: rate, To: rate}}}
}

func TestConstantArrivalsAreEven(t *testing.T) {
	for k, at := range take(steadyAt(20_000, false).arrivals(scheduleSeed, 1, 0, 1), 100_000) {
		if want := int64(k) * 50_000; at-want > 1 || want-at > 1 { // 1 ns of rounding
			t.Fatalf("arrival %d at %d, want %d", k, at, want)
		}
	}
}

// The gaps of a Poisson process are exponential. The largest distance between their distribution and the law's is compared with the
// value that Kolmogorov's test allows once in a thousand seeds; the seed is fixed, so the test gives the same every time.
func TestPoissonGapsAreExponential(t *testing.T) {
	const n, rate = 100_000, 20_000
	gaps := gapsOf(take(steadyAt(rate, true).arrivals(scheduleSeed, 1, 0, 1), n))
	law := distuv.Exponential{Rate: rate / 1e9}
	if d, most := kolmogorov(gaps, law.CDF), 1.95/math.Sqrt(n); d > most {
		t.Errorf("seed %d: distance %.5f, allowed %.5f", scheduleSeed, d, most)
	}
	if even := gapsOf(take(steadyAt(rate, false).arrivals(scheduleSeed, 1, 0, 1), n)); kolmogorov(even, law.CDF) < 0.3 {
		t.Error("the test takes even gaps for exponential ones")
	}
	if r := neighbours(gaps); math.Abs(r) > 3.3/math.Sqrt(n) {
		t.Errorf("seed %d: neighbouring gaps correlate by %.4f", scheduleSeed, r)
	}
}

// Counts in slices of time must follow the integral of the rate: within four standard deviations of a Poisson count, and to one
// arrival if even.
func TestRatesFollowTheProfile(t *testing.T) {
	for name, pieces := range map[string][]Piece{
		"ramp up":           {{From: 1000, To: 50_000, For: time.Second}},
		"ramp from nothing": {{From: 0, To: 50_000, For: time.Second}},
		"ramp down":         {{From: 50_000, To: 1000, For: time.Second}},
		"steps":             {{From: 1000, To: 1000, For: 300 * time.Millisecond}, {From: 30_000, To: 30_000, For: 400 * time.Millisecond}, {From: 5000, To: 5000, For: time.Millisecond}},
	} {
		for _, poisson := range []bool{false, true} {
			p := &Profile{Poisson: poisson, Pieces: pieces}
			times := until(p.arrivals(scheduleSeed, 1, 0, 1), 2*time.Second)
			for slice := range 40 {
				from, to := time.Duration(slice)*50*time.Millisecond, time.Duration(slice+1)*50*time.Millisecond
				got := 0
				for _, at := range times {
					if int64(from) <= at && at < int64(to) {
						got++
					}
				}
				want := p.mean(to)*to.Seconds() - p.mean(max(from, 1))*from.Seconds()
				allowed := 1.001
				if poisson {
					allowed = 4*math.Sqrt(want) + 1
				}
				if math.Abs(float64(got)-want) > allowed {
					t.Errorf("%s, poisson %v, seed %d: %d arrivals in %v to %v, want %.1f ± %.1f", name, poisson, scheduleSeed, got, from, to, want, allowed)
				}
			}
		}
	}
}

func TestTraceRepeats(t *testing.T) {
	p := &Profile{Trace: []int64{10, 20, 5}}
	if got, want := take(p.arrivals(scheduleSeed, 1, 0, 1), 7), []int64{10, 30, 35, 45, 65, 70, 80}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if mean := p.mean(time.Hour); math.Abs(mean-3/35e-9) > 1 {
		t.Errorf("mean rate %v", mean)
	}
}

// However many engines share a profile, together they have exactly its arrivals; and the same seed always gives the same ones.
func TestEnginesShareOneProfile(t *testing.T) {
	for name, p := range map[string]*Profile{
		"constant": steadyAt(5000, false), "poisson": steadyAt(5000, true),
		"ramp":  {Poisson: true, Pieces: []Piece{{From: 100, To: 10_000, For: time.Second}}},
		"trace": {Trace: []int64{100, 7, 3000}},
	} {
		whole := take(p.arrivals(scheduleSeed, 1, 0, 1), 6000)
		for _, shares := range []int{2, 3, 5} {
			var together []int64
			for share := range shares {
				together = append(together, take(p.arrivals(scheduleSeed, 1, share, shares), 6000/shares)...)
			}
			slices.Sort(together)
			if !slices.Equal(whole, together) {
				t.Errorf("%s: %d engines do not make the plan of one", name, shares)
			}
		}
		if other := take(p.arrivals(scheduleSeed+1, 1, 0, 1), 6000); p.Poisson && slices.Equal(whole, other) {
			t.Errorf("%s: the seed changes nothing", name)
		}
	}
}

func TestWarmUpOfARampFromNothingIsNotCold(t *testing.T) {
	p := &Profile{Pieces: []Piece{{From: 0, To: 50_000, For: time.Second}}}
	if rate := p.steady().mean(time.Second); rate != 500 {
		t.Errorf("rate %v, want a hundredth of the highest", rate)
	}
}

func TestArrivalsDoNotAllocate(t *testing.T) {
	a := steadyAt(1e6, true).arrivals(scheduleSeed, 1, 0, 1)
	if n := testing.AllocsPerRun(1000, a.pop); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func gapsOf(times []int64) []float64 {
	gaps := make([]float64, len(times)-1)
	for i := range gaps {
		gaps[i] = float64(times[i+1] - times[i])
	}
	return gaps
}

// kolmogorov is the largest distance between the distribution of values and a law.
func kolmogorov(values []float64, law func(float64) float64) (most float64) {
	sorted := slices.Sorted(slices.Values(values))
	for i, v := range sorted {
		most = max(most, math.Abs(law(v)-float64(i)/float64(len(sorted))), math.Abs(law(v)-float64(i+1)/float64(len(sorted))))
	}
	return most
}

// neighbours is the correlation of each value with the next.
func neighbours(values []float64) float64 {
	var mean, product, square float64
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for i := range len(values) - 1 {
		product += (values[i] - mean) * (values[i+1] - mean)
		square += (values[i] - mean) * (values[i] - mean)
	}
	return product / square
}
