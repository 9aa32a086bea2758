package results

import (
	"math"
	"strings"
	"testing"
)

// client invents a cell whose generator's process cost so much a request, and its engine thread half of that.
func client(impl string, block int, process, server float64) Record {
	r := sample(impl, "closed-64", block)
	r.ClientProcessCPUPerRequestNs, r.ClientCPUPerRequestNs, r.ServerCPUPerRequestNs = process, process/2, server
	return r
}

// The generator is set against the least server by its whole process, in the cells where it drove that server.
func TestClientRatioIsOfTheProcessToTheReference(t *testing.T) {
	var records []Record
	for block := range 6 { // the machine slows down on the way, both alike
		slow := 1 + float64(block)
		records = append(records, client(Reference, block, 2400*slow, 3000*slow), client("gnet", block, 9000*slow, 4000*slow))
	}
	s := find(t, Summarise(records), Reference, "closed-64")
	if e := s.ClientRatio; math.Abs(e.Median-0.8) > 1e-9 || e.N != 6 || !e.Trusted() || e.PlusMinus() > 1e-9 {
		t.Errorf("client ÷ bare %+v, want 0.8 of 6 blocks", e)
	}
	if s.EngineCPUPerRequestNs.Median*2 != s.ClientCPUPerRequestNs.Median {
		t.Errorf("engine %+v, process %+v", s.EngineCPUPerRequestNs, s.ClientCPUPerRequestNs)
	}
	if other := find(t, Summarise(records), "gnet", "closed-64"); other.ClientRatio.Known() {
		t.Errorf("gnet's cells have a ratio to bare: %+v", other.ClientRatio)
	}
}

// Where the process was not measured the engine's thread does not stand in for it.
func TestClientRatioNeedsTheProcess(t *testing.T) {
	old, failed, doubted := client(Reference, 0, 0, 3000), client(Reference, 1, 2400, 3000), client(Reference, 2, 2400, 0)
	old.ClientCPUPerRequestNs, failed.Error = 2400, "it died"
	if e := ClientRatio([]Record{old, failed, doubted}); e.Known() {
		t.Errorf("%+v", e)
	}
}

// A block of a pair is one value, whatever the number of its slices.
func TestClientRatioOfSlicesIsOfTheirBlock(t *testing.T) {
	var slices []Record
	for block := range 2 {
		for round, process := range []float64{1500, 6000} {
			r := client(Reference, block, process, 3000)
			r.Role, r.Pair, r.Round, r.Purpose = "base", "gnet", round, "pair"
			slices = append(slices, r)
		}
	}
	if e := ClientRatio(slices); e.N != 2 || math.Abs(e.Median-1) > 1e-9 {
		t.Errorf("%+v, want 1 of 2 blocks", e)
	}
}

// by says which engine of the generator measured.
func by(engine string, records []Record) []Record {
	for i := range records {
		records[i].Engine = engine
	}
	return records
}

func TestEnginesAreNeverPooled(t *testing.T) {
	bare, gnet := blocks("bare", 1000, 1000), blocks("gnet", 2000, 2000)
	records := append(by("epoll", append(bare, gnet...)), by("io_uring", blocks("gnet", 9000, 9000))...)
	all := Summarise(records)
	if len(all) != 3 {
		t.Fatalf("%d summaries, want bare, gnet and gnet", len(all))
	}
	if s := all[1]; s.Impl != "gnet" || s.Engine != "epoll" || s.CPUPerRequestNs.Median != 2000 || s.CPURatio.Median != 2 {
		t.Errorf("%+v", s)
	}
	if s := all[2]; s.Engine != "io_uring" || s.CPUPerRequestNs.Median != 9000 || s.CPURatio.Known() {
		t.Errorf("a ratio across engines, or a median of both: %+v", s)
	}
}

func TestAFolderOfTwoEnginesIsToldFromOneOfOne(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"epoll", "epoll", ""}, {"", "", ""}, {"epoll", "io_uring", "epoll and io_uring"}, {"", "epoll", "one that is not told and epoll"},
	} {
		dir := t.TempDir()
		write(t, dir, append(by(c.first, blocks("bare", 1000)), by(c.second, blocks("gnet", 1000))...)...)
		run, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		err = run.OneEngine()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q and %q: %v", c.first, c.second, err)
		}
		if _, err := HistoryOf(run); c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q and %q: the history takes it: %v", c.first, c.second, err)
		}
	}
}
