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
		if w, err := loadWorkload(name); err != nil || w.Name != name || w.About == "" {
			t.Errorf("%s: %+v, %v", name, w, err)
		}
	}
	for _, name := range names("suite") {
		s, err := loadSuite(name)
		if err != nil || s.Name != name || s.About == "" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		for _, w := range s.Workloads {
			if _, err := loadWorkload(w); err != nil {
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
		"unknown field": {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1,"rate":5}`, `unknown field "rate"`},
		"wrong type":    {`{"loop":"closed","conns":"many"}`, "conns"},
		"two objects":   {`{"loop":"closed","conns":1,"depth":1,"message_bytes":1} {}`, "more text behind"},
		"loop":          {`{"loop":"open","conns":1,"depth":1,"message_bytes":1}`, `field loop is "open"`},
		"conns":         {`{"loop":"closed","conns":0,"depth":1,"message_bytes":1}`, "field conns is 0"},
		"depth":         {`{"loop":"closed","conns":1,"depth":-1,"message_bytes":1}`, "field depth is -1"},
		"size":          {`{"loop":"closed","conns":1,"depth":1}`, "field message_bytes is 0"},
		"idle depth":    {`{"loop":"idle","conns":1,"depth":2,"message_bytes":1}`, "field depth is 2"},
	} {
		path := filepath.Join(t.TempDir(), "mine.json")
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := loadWorkload(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want the file and %q", name, err, c.want)
		}
	}
	if _, err := loadWorkload("closed-65"); err == nil || !strings.Contains(err.Error(), "closed-64") {
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
	if got, want := pick(Suite{FirstVariantOnly: true, AllVariantsOf: []string{"reactor"}}), "bare gnet libevent/epoll reactor/epoll reactor/poll"; got != want {
		t.Errorf("quick picks %s, want %s", got, want)
	}
	if got := pick(Suite{}); len(strings.Fields(got)) != len(found) {
		t.Errorf("full picks %s", got)
	}
}
