package results

// mostOwnShare is how much of a percentile of the response time the generator may have added, or taken away, for the percentile to be
// compared: two servers' ratio is then wrong by a tenth at most in either direction, which is about what blocks of one server differ by.
const mostOwnShare = 0.1

// A Bracket holds what the response times of an open loop would have been with an evenly late generator: at least and at most.
type Bracket struct{ least, most *Histogram }

// Bracket decodes that of a record; ok is false where there is none, as in a closed loop or before schema 3.
func (r Record) Bracket() (b Bracket, ok bool, err error) {
	if r.LeastHDR == "" || r.MostHDR == "" {
		return b, false, nil
	}
	if b.least, err = DecodeHistogram(r.LeastHDR); err != nil {
		return b, false, err
	}
	b.most, err = DecodeHistogram(r.MostHDR)
	return b, err == nil, err
}

// Tells reports whether ns, a percentile of the same response times, is the server's to within mostOwnShare.
func (b Bracket) Tells(percent float64, ns int64) bool {
	return tells(b.least.Percentile(percent), ns, b.most.Percentile(percent))
}

func tells(least, ns, most int64) bool {
	return float64(least) >= (1-mostOwnShare)*float64(ns) && float64(most) <= (1+mostOwnShare)*float64(ns)
}

// Least is what a percentile of the response time is without what the generator may have added; ok is false where that is not known.
func (r Record) Least(percent float64) (ns int64, ok bool) {
	b, ok, err := r.Bracket()
	if err != nil || !ok {
		return 0, false
	}
	return b.least.Percentile(percent), true
}

// Comparable reports whether a percentile of the latency, 50, 90, 99 or 99.9, says more about the server than about the generator. A record
// without bounds, as of a closed loop or before schema 3, has one verdict for all.
func (r Record) Comparable(percent float64) bool {
	return !r.ClientLimited && !r.Blurred(percent)
}

// Blurred reports whether the generator's lateness may have changed that percentile by too much.
func (r Record) Blurred(percent float64) bool {
	least, ns, most := r.bounds(percent)
	return ns > 0 && most > 0 && !tells(least, ns, most)
}

// bounds are zero where the percentile has no figure.
func (r Record) bounds(percent float64) (least, ns, most int64) {
	switch percent {
	case 50:
		return r.LatencyP50LeastNs, r.LatencyP50Ns, r.LatencyP50MostNs
	case 90:
		return r.LatencyP90LeastNs, r.LatencyP90Ns, r.LatencyP90MostNs
	case 99:
		return r.LatencyP99LeastNs, r.LatencyP99Ns, r.LatencyP99MostNs
	case 99.9:
		return r.LatencyP999LeastNs, r.LatencyP999Ns, r.LatencyP999MostNs
	}
	return 0, 0, 0
}

// Ends are the bounds of a percentile, in nanoseconds.
func (b Bracket) Ends(percent float64) (least, most int64) {
	return b.least.Percentile(percent), b.most.Percentile(percent)
}
