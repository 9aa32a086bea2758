package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
)

// TestReadmesCount: what the pages say of how much is asked, and by how many wrong servers that is tried, is so.
func TestReadmesCount(t *testing.T) {
	asked := map[spec.Profile]int{}
	for _, check := range spec.All() {
		for _, p := range []spec.Profile{spec.Core, spec.Full, spec.Torture} {
			if check.Profile <= p {
				asked[p]++
			}
		}
	}
	core, full, all := asked[spec.Core], asked[spec.Full], asked[spec.Torture]
	for page, want := range map[string]string{
		"README.md":    fmt.Sprintf("`-profile core` is %d checks, the default `full` %d, `torture` all %d", core, full, all),
		"../README.md": fmt.Sprintf("%d checks; %d more with -profile torture", full, all-full),
	} {
		if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q: %v", page, want, err)
		}
	}
	want := fmt.Sprintf("%d servers with one mistake each", len(mistakes))
	if text, err := os.ReadFile("../README.md"); err != nil || !strings.Contains(string(text), want) {
		t.Errorf("README.md does not say %q: %v", want, err)
	}
}
