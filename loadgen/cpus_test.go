package main

import (
	"slices"
	"strings"
	"testing"
)

func TestHalves(t *testing.T) {
	for _, c := range []struct{ cpus, server, engines []int }{
		{[]int{0, 1}, []int{0}, []int{1}},
		{[]int{0, 1, 2, 3}, []int{0, 1}, []int{2, 3}},
		{[]int{2, 5, 7}, []int{2}, []int{5, 7}},
		{[]int{3}, []int{3}, []int{3}},
		{nil, nil, nil},
	} {
		if server, engines := halves(c.cpus); !slices.Equal(server, c.server) || !slices.Equal(engines, c.engines) {
			t.Errorf("%v: %v and %v, want %v and %v", c.cpus, server, engines, c.server, c.engines)
		}
	}
}

func TestParseCPUs(t *testing.T) {
	allowed := []int{0, 1, 2, 3, 8}
	server, engines, err := parseCPUs("0-2/3,8", allowed)
	if err != nil || !slices.Equal(server, []int{0, 1, 2}) || !slices.Equal(engines, []int{3, 8}) {
		t.Errorf("%v %v %v", server, engines, err)
	}
	for text, want := range map[string]string{
		"0":     "want SERVER/ENGINES",
		"0/":    `"" is not a list`,
		"a/1":   `"a" is not a list`,
		"2-0/1": `"2-0" is not a list`,
		"0/5":   "core 5 is not one of those",
	} {
		if _, _, err := parseCPUs(text, allowed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}
