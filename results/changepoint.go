package results

import (
	"math"
	"math/rand/v2"
)

// A Level is a stretch of a series without a detectable change.
type Level struct {
	From, To int     // indexes of the first value and behind the last
	Mean     float64 // of the values
}

const (
	// shortestLevel keeps one odd run, or two, from being called a level.
	shortestLevel = 3

	// changeAlpha is the chance of a false change in a quiet series, whatever its length: the best split of a series is chosen
	// before it is tested, so the test asks how good the best split of the same values in random order would be.
	changeAlpha = 0.01

	shuffles = 2000
)

// Levels splits a series at its changes: at the best split, if it is better than chance has it, and then within both parts. The best
// is the one that leaves the least variance, as E-divisive does for a change of the mean (Matteson and James, Journal of the
// American Statistical Association 109, 2014). The same values give the same levels: the shuffling has a fixed seed.
//
// The result is for advice. A change needs a few runs on its other side before it can be seen.
func Levels(values []float64) []Level {
	return levels(values, 0, rand.New(rand.NewPCG(uint64(len(values)), 1)))
}

func levels(values []float64, from int, random *rand.Rand) []Level {
	at, gain := bestSplit(values)
	if at == 0 || !exceptional(values, gain, random) {
		return []Level{{from, from + len(values), mean(values)}}
	}
	return append(levels(values[:at], from, random), levels(values[at:], from+at, random)...)
}

// bestSplit is where splitting explains most, and how much of the variance that is; 0 if the series is too short.
func bestSplit(values []float64) (at int, gain float64) {
	total := 0.0
	for _, v := range values {
		total += v
	}
	n, left := float64(len(values)), 0.0
	for i, v := range values {
		left += v
		k := float64(i + 1)
		if i+1 < shortestLevel || len(values)-i-1 < shortestLevel {
			continue
		}
		difference := left/k - (total-left)/(n-k)
		if explained := k * (n - k) / n * difference * difference; explained > gain {
			at, gain = i+1, explained
		}
	}
	return at, gain
}

// exceptional reports whether the best split of shuffled values is hardly ever as good.
func exceptional(values []float64, gain float64, random *rand.Rand) bool {
	shuffled := append([]float64(nil), values...)
	allowed := int(changeAlpha * shuffles)
	for range shuffles {
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if _, g := bestSplit(shuffled); g >= gain-1e-12*math.Abs(gain) {
			if allowed--; allowed < 0 {
				return false
			}
		}
	}
	return true
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
}
