package main

import "math"

// A proportion is how often something came in a number of trials.
type proportion struct{ hits, trials int }

// interval is Wilson's at 95 % (Journal of the American Statistical Association 22, 1927): unlike the usual one it stays
// within 0 and 1, and is honest about rates of which no case was seen.
func (p proportion) interval() (low, high float64) {
	const z = 1.959964
	n, rate := float64(p.trials), float64(p.hits)/float64(p.trials)
	centre := rate + z*z/(2*n)
	reach := z * math.Sqrt(rate*(1-rate)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	return max(0, (centre-reach)/scale), min(1, (centre+reach)/scale)
}
