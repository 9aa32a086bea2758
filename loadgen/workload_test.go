package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reactorbench/impls"
)

func TestBuiltinWorkloadsAndSuitesAreSound(t *testing.T) {
	for _, name := range names("workload") {
		if w, err := loadWorkload(name, nil); err != nil || w.Name != name || w.About == "" {
			t.Errorf("%s: %+v, %v", name, w, err)
		}
	}
	for _, name := range names("suite") {
		s, err := loadSuite(name)
		if err != nil || s.Name != name || s.About == "" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		for _, w := range s.Workloads {
			if _, err := loadWorkload(w, nil); err != nil {
				t.Errorf("suite %s: %v", name, err)
			}
		}
		if s.Blocks < 6 {
			t.Errorf("suite %s has %d blocks; an interval of 95 %% needs six", name, s.Blocks)
		}
	}
}

func TestWrongWorkloadsAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown field": {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"speed":5}`, `unknown field "speed"`},
		"wrong type":    {`{"loop":"closed","conns":"many"}`, "conns"},
		"half":          {`{"loop":"closed","conns":1,`, "the text ends before the object does"},
		"two objects":   {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1} {}`, "more text behind"},
		"loop":          {`{"loop":"ajar","conns":1,"depth":1,"message_bytes":1}`, `field loop is "ajar"`},
		"conns":         {`{"loop":"closed","conns":0,"depth":1,"message_bytes":1}`, "field conns is 0"},
		"depth":         {`{"loop":"closed","conns":1,"depth":-1,"message_bytes":1}`, "field depth is -1"},
		"size":          {`{"loop":"closed","conns":1,"depth":1}`, "0 of the fields message_bytes, mix and ladder"},
		"two rates":     {`{"loop":"open","conns":1,"message_bytes":1,"rate":5,"ramp":{"from":1,"to":2,"ms":3}}`, "2 of the fields rate, ramp, steps and trace_us"},
		"no rate":       {`{"loop":"open","conns":1,"message_bytes":1}`, "0 of the fields rate"},
		"rate":          {`{"loop":"open","conns":1,"message_bytes":1,"rate":-5}`, "field rate is -5"},
		"closed rate":   {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"rate":5}`, "field rate belongs to an open loop"},
		"arrivals":      {`{"loop":"open","conns":1,"message_bytes":1,"rate":5,"arrivals":"odd"}`, `field arrivals is "odd"`},
		"ramp":          {`{"loop":"open","conns":1,"message_bytes":1,"ramp":{"from":1,"to":2}}`, "field ramp.ms is 0"},
		"in a ramp":     {`{"loop":"open","conns":1,"message_bytes":1,"ramp":{"from":1,"till":2}}`, `unknown field "till"`},
		"steps":         {`{"loop":"open","conns":1,"message_bytes":1,"steps":[{"rate":0,"ms":5}]}`, "field steps is 0"},
		"trace":         {`{"loop":"open","conns":1,"message_bytes":1,"trace_us":[0]}`, "field trace_us has a gap of 0"},
		"two sizes":     {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"ladder":[1]}`, "2 of the fields message_bytes, mix and ladder"},
		"mix":           {`{"loop":"closed","conns":1,"depth":1,"mix":[{"bytes":1,"share":0.5}]}`, "field mix has shares that sum to 0.5"},
		"churn":         {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"requests_per_conn":-1}`, "field requests_per_conn is -1"},
		"stalled":       {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"stalled_conns":5000}`, "field stalled_conns is 5000"},
		"pace":          {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"connects_per_s":0.1}`, "field connects_per_s is 0.1"},
		"sources":       {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"sources":"127.0.1.0/8"}`, "field sources is 127.0.1.0/8"},
		"storm":         {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"storm":true}`, "field storm needs a closed loop with requests_per_conn"},
		"paced storm":   {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"requests_per_conn":1,"storm":true,"connects_per_s":5}`, "storm has no pace"},
		"no prefix":     {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"sources":"here"}`, "here"},
		"first source":  {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"sources":"127.0.0.2/28"}`, "begins at 127.0.0.0"},
		"idle churn":    {`{"loop":"idle","conns":1,"depth":1,"message_bytes":1,"requests_per_conn":5}`, "an idle workload has neither"},
		"idle depth":    {`{"loop":"idle","conns":1,"depth":2,"message_bytes":1}`, "field depth is 2"},
	} {
		path := filepath.Join(t.TempDir(), "mine.json")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := loadWorkload(path, nil); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want the file and %q", name, err, c.want)
		}
	}
	if _, err := loadWorkload("closed-65", nil); err == nil || !strings.Contains(err.Error(), "closed-64") {
		t.Errorf("an unknown name should list the known ones: %v", err)
	}
}

func TestSuitePicksVariants(t *testing.T) {
	var found []impls.Impl
	for _, name := range []string{"bare", "gnet", "gnet/edge", "libevent/epoll", "libevent/poll", "reactor/epoll", "reactor/poll"} {
		folder, _, _ := strings.Cut(name, "/")
		found = append(found, impls.Impl{Name: name, Folder: folder})
	}
	pick := func(s Suite) string {
		var names []string
		for _, im := range s.Picks(found) {
			names = append(names, im.Name)
		}
		return strings.Join(names, " ")
	}
	if got, want := pick(Suite{LeaveOut: []string{"reactor/poll", "gnet"}, FirstVariantOnly: true, AllVariantsOf: []string{"reactor"}}), "bare libevent/epoll reactor/epoll"; got != want {
		t.Errorf("with some left out: %q, want %q", got, want)
	}
	if got, want := pick(Suite{FirstVariantOnly: true, AllVariantsOf: []string{"reactor"}}), "bare gnet libevent/epoll reactor/epoll reactor/poll"; got != want {
		t.Errorf("quick picks %s, want %s", got, want)
	}
	if got := pick(Suite{}); len(strings.Fields(got)) != len(found) {
		t.Errorf("full picks %s", got)
	}
}

func TestFlagsOverrideFields(t *testing.T) {
	w, err := loadWorkload("open-20k", []override{{"rate", "300"}, {"arrivals", "constant"}, {"conns", "7"}})
	if err != nil || w.Rate != 300 || w.Arrivals != "constant" || w.Conns != 7 || w.MessageBytes != 64 {
		t.Errorf("%+v, %v", w, err)
	}
	if want := "open-20k,rate=300,arrivals=constant,conns=7"; w.Name != want {
		t.Errorf("name %q, want %q: its records must not pass for those of the file", w.Name, want)
	}
	w, err = loadWorkload("open-20k", []override{{"steps", `[{"rate":10,"ms":5}]`}, {"mix", `[{"bytes":1,"share":1}]`}})
	if err != nil || w.Rate != 0 || len(w.Steps) != 1 || w.MessageBytes != 0 || w.Name != "open-20k,steps,mix" {
		t.Errorf("a field of a group takes the place of the others: %+v, %v", w, err)
	}
	for _, c := range []struct{ field, value, want string }{
		{"speed", "5", `-set speed=5: unknown field "speed"`},
		{"conns", "many", "-set conns=many"},
		{"conns", "0", "field conns is 0"},
		{"depth", "1.5", "-set depth=1.5"},
	} {
		if _, err := loadWorkload("open-20k", []override{{c.field, c.value}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", c.field, c.value, err, c.want)
		}
	}
}

// Shares are kept exactly, whatever the connection, and the same seed gives the same sizes.
func TestSizes(t *testing.T) {
	mix := []SizeShare{{64, 0.75}, {1000, 0.25}}
	for _, connection := range []int{0, 1, 77} {
		count := make(map[int64]int)
		for k := range int64(mixTable) {
			count[mixed(mix, 1).at(connection, k)]++
		}
		if count[64] != 3072 || count[1000] != 1024 {
			t.Errorf("connection %d: %v", connection, count)
		}
	}
	if s := mixed(mix, 1); s.mean() != 298 || s.largest() != 1000 {
		t.Errorf("mean %v, largest %d", s.mean(), s.largest())
	}
	s := ladder([]int{1, 10, 100})
	for k, want := range []int64{1, 10, 100, 1, 10} {
		if got := s.at(5, int64(k)); got != want {
			t.Errorf("request %d has %d bytes, want %d", k, got, want)
		}
	}
}

func TestMoreConnectionsThanDescriptorsAreRefused(t *testing.T) {
	w := Workload{Name: "many", Conns: 900, StalledConns: 50}
	if err := w.fits(1024); err != nil {
		t.Error(err)
	}
	if err := w.fits(1000); err == nil || err.Error() != "workload many needs 1014 descriptors in one process, and the limit is 1000: raise it with ulimit -n, or take fewer with -conns" {
		t.Errorf("%v", err)
	}
}
