package main

import "fmt"

// brokenLaws are the self-checks that hold for every run of a right generator, whatever the server did; a sentence for each that does
// not. A cell that breaks one has wrong times or counts, so neither its throughput nor its latency is compared with anything.
//
//	in flight by count      = throughput × mean latency        Little's law
//	requests answered       = latencies kept                   closed loop
//	requests of the plan    = response times = the parts kept  open loop: what was never answered too
//	bytes of the replies    = requests × size                  where all have one size
//
// That every byte written on a connection came back, and in whole requests, is checked by each engine as it ends (stream.balanced); it
// is a fault of the server's and leaves no figures at all. And that the rate offered was reached is no law: see shortOf.
func brokenLaws(w Workload, m Measurement) (broken []string) {
	if err := littlesLaw(m.meanInFlight(w), m); err != nil {
		broken = append(broken, err.Error())
	}
	for _, law := range []struct {
		holds  bool
		broken string
	}{
		{w.Loop == "open" || m.Latencies.Count() == m.Requests, fmt.Sprintf("%d latencies of %d requests", m.Latencies.Count(), m.Requests)},
		{w.Loop != "open" || m.Latencies.Count() == m.Offered, fmt.Sprintf("%d response times of %d requests offered", m.Latencies.Count(), m.Offered)},
		{w.Loop != "open" || m.partsAreWhole(), fmt.Sprintf("the parts of the response times are not of the same requests, %d offered and %d of them unsent", m.Offered, m.Unsent)},
		{w.MessageBytes == 0 || m.Bytes == m.Requests*int64(w.MessageBytes), fmt.Sprintf("%d bytes of %d replies of %d each", m.Bytes, m.Requests, w.MessageBytes)},
	} {
		if !law.holds {
			broken = append(broken, law.broken)
		}
	}
	return broken
}

// partsAreWhole reports whether each request of an open loop has a send lag and a lateness, and each that was sent a service time, and each response time its bounds.
func (m Measurement) partsAreWhole() bool {
	return m.SendLag.Count() == m.Offered && m.Late.Count() == m.Offered && m.Service.Count() == m.Offered-m.Unsent &&
		m.Least.Count() == m.Offered && m.Most.Count() == m.Offered
}
