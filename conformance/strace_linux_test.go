package main

import (
	"os/exec"
	"strings"
	"testing"

	"reactorbench/conformance/spec"
	"reactorbench/impls"
)

// TestAServerThatStraceCannotSee: where the calls of a check never happen the verdict is n/a, and no pass. select stands
// for every way around epoll, io_uring among them.
func TestAServerThatStraceCannotSee(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	builder, err := impls.NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { builder.Close() })
	found, err := impls.Find("../impls/reactor/select")
	if err != nil {
		t.Fatal(err)
	}
	target := implementation(builder, found[0], 1)
	if err := target.prepare(t.Context(), &target.Target); err != nil {
		t.Fatal(err)
	}
	for _, check := range spec.All() {
		if check.Slug == "fault/epoll-ctl-enomem" {
			result := runOnce(t.Context(), &target.Target, check)
			if result.Verdict != spec.NotApplicable || !strings.Contains(result.Reason, "nothing was injected") {
				t.Errorf("%s", result.Report("reactor/select"))
			}
		}
	}
}
