package results

import (
	"math"
	"math/rand/v2"
	"testing"
)

func find(t *testing.T, all []Summary, impl, workload string) Summary {
	t.Helper()
	for _, s := range all {
		if s.Impl == impl && s.Workload == workload {
			return s
		}
	}
	t.Fatalf("no summary of %s %s", impl, workload)
	return Summary{}
}

// blocks returns six records whose CPU per request is cpu[i].
func blocks(impl string, cpu ...float64) []Record {
	var records []Record
	for i, ns := range cpu {
		r := sample(impl, "closed-64", i)
		r.ServerCPUPerRequestNs = ns
		records = append(records, r)
	}
	return records
}

func TestRatioIsTakenWithinBlocks(t *testing.T) {
	// The machine slows down threefold on the way; gnet always costs a fifth more.
	bare := blocks("bare", 1000, 1400, 1800, 2200, 2600, 3000)
	gnet := blocks("gnet", 1200, 1680, 2160, 2640, 3120, 3600)
	s := find(t, Summarise(append(bare, gnet...)), "gnet", "closed-64")
	if math.Abs(s.CPURatio.Median-1.2) > 1e-9 || s.CPURatio.PlusMinus() > 1e-9 || !s.CPURatio.Differs() {
		t.Errorf("ratio %+v, want 1.2 exactly", s.CPURatio)
	}
	if s.CPUPerRequestNs.Median != 2400 || s.CPUPerRequestNs.Low != 1200 || s.CPUPerRequestNs.High != 3600 {
		t.Errorf("CPU %+v", s.CPUPerRequestNs)
	}
	if own := find(t, Summarise(bare), "bare", "closed-64").CPURatio; own.Median != 1 || own.Differs() {
		t.Errorf("bare to itself %+v", own)
	}
}

func TestFailedCellsAreReportedAndLeftOut(t *testing.T) {
	bare, gnet := blocks("bare", 1000, 1000, 1000), blocks("gnet", 2000, 9999, 2000)
	gnet[1].Error = "the server closed connection 3"
	gnet[1].ServerCPUPerRequestNs = 0
	bare[2].Error = "the server died"
	s := find(t, Summarise(append(bare, gnet...)), "gnet", "closed-64")
	if s.Blocks != 2 || len(s.Errors) != 1 || s.Errors[0] != "the server closed connection 3" {
		t.Errorf("blocks %d, errors %q", s.Blocks, s.Errors)
	}
	if s.CPUPerRequestNs.N != 2 || s.CPURatio.N != 1 {
		t.Errorf("CPU of %d cells, ratio of %d; want 2 and 1", s.CPUPerRequestNs.N, s.CPURatio.N)
	}
}

func TestClientLimitedCellsKeepOnlyTheirCPU(t *testing.T) {
	cells := blocks("gnet", 2000, 2000, 2000)
	cells[0].ClientLimited, cells[0].ClientLimitedWhy = true, "the engine used its core to 99 %"
	s := find(t, Summarise(cells), "gnet", "closed-64")
	if s.CPUPerRequestNs.N != 3 || s.RequestsPerSecond.N != 2 || s.LatencyP50Ns.N != 2 || s.LatencyP99Ns.N != 2 {
		t.Errorf("CPU %d, throughput %d, p50 %d, p99 %d cells", s.CPUPerRequestNs.N, s.RequestsPerSecond.N, s.LatencyP50Ns.N, s.LatencyP99Ns.N)
	}
	if s.ClientLimited != 1 || s.ClientLimitedWhy == "" {
		t.Errorf("%d client-limited, %q", s.ClientLimited, s.ClientLimitedWhy)
	}
}

func TestIdleBytesMayBeZeroOrLess(t *testing.T) {
	cells := blocks("bare", 0, 0, 0)
	for i, b := range []float64{-12, 0, 5} {
		cells[i].BytesPerIdleConn = &b
	}
	if got := find(t, Summarise(cells), "bare", "closed-64").BytesPerIdleConn; got.N != 3 || got.Median != 0 || got.Low != -12 {
		t.Errorf("%+v", got)
	}
}

func TestRunsInOneFolderArePairedApart(t *testing.T) {
	bare, gnet := blocks("bare", 1000), blocks("gnet", 2000)
	gnet[0].RunID = "another start"
	if s := find(t, Summarise(append(bare, gnet...)), "gnet", "closed-64"); s.CPURatio.Known() {
		t.Errorf("block 0 of two runs was paired: %+v", s.CPURatio)
	}
}

// TestFalseAlarms runs whole comparisons of a server with itself on a drifting, noisy machine: at most 5 % may differ; a real
// tenth more must nearly always show.
func TestFalseAlarms(t *testing.T) {
	const seed, runs, n = 7, 2000, 6
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	alarms := func(slower float64) (found int) {
		for range runs {
			var bare, gnet []float64
			for i := range n {
				drift := 3000 * (1 + 0.2*math.Sin(float64(i)))
				bare = append(bare, drift*math.Exp(0.02*random.NormFloat64()))
				gnet = append(gnet, slower*drift*math.Exp(0.02*random.NormFloat64()))
			}
			if find(t, Summarise(append(blocks("bare", bare...), blocks("gnet", gnet...)...)), "gnet", "closed-64").CPURatio.Differs() {
				found++
			}
		}
		return found
	}
	if same := alarms(1); same > runs*5/100 {
		t.Errorf("%d of %d comparisons of equals claim a difference", same, runs)
	} else {
		t.Logf("equals: %d of %d claim a difference", same, runs)
	}
	if slower := alarms(1.1); slower < runs*95/100 {
		t.Errorf("only %d of %d comparisons find 10 %%", slower, runs)
	}
}
