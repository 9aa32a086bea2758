package main

import (
	"slices"
	"strings"
	"testing"

	"reactorbench/impls"
)

// TestExplainSaysWhoIsKnown: the manifests of the patterns are asked, and nobody is a word too.
func TestExplainSaysWhoIsKnown(t *testing.T) {
	dir := manifest(t, `{"about": "x", "language": "Go", "design": "x", "run": ["WRONG"],
		"known": {"data/one-byte": "it reads lines: https://example.org/1"}}`)
	for slug, says := range map[string]string{
		"data/one-byte": ": it reads lines: https://example.org/1\n", "data/urgent": "\nnobody\n",
	} {
		status, stdout, stderr := command(t, "-explain", slug, dir)
		if status != exitConformant || !strings.HasSuffix(stdout, says) {
			t.Errorf("%s: exit status %d, no %q at the end of\n%s%s", slug, status, says, stdout, stderr)
		}
	}
	if status, _, stderr := command(t, "-explain", "data/urgent", "./no/such/folder"); status != exitUsage || !strings.Contains(stderr, "./no/such/folder") {
		t.Errorf("a pattern of nothing: exit status %d: %s", status, stderr)
	}
}

// TestWhoElseFails leaves the server itself out.
func TestWhoElseFails(t *testing.T) {
	found := []impls.Impl{
		{Name: "a", Known: map[string]string{"x/y": "?"}}, {Name: "b", Known: map[string]string{"x/y": "?", "x/z": "?"}}, {Name: "c"},
	}
	also := alsoKnown(found, "a")
	if !slices.Equal(also["x/y"], []string{"b"}) || !slices.Equal(also["x/z"], []string{"b"}) || len(alsoKnown(found, "c")["x/y"]) != 2 {
		t.Errorf("%v", also)
	}
}
