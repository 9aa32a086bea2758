package impls

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeManifest: the manifest that newcomers copy is accepted, and shows what the text says of it.
func TestReadmeManifest(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, behind, ok := strings.Cut(string(readme), "```json\n")
	manifest, _, closed := strings.Cut(behind, "```")
	if !ok || !closed {
		t.Fatal("README.md holds no manifest")
	}
	found, err := parseManifest("/impls/yours", []byte(manifest))
	if err != nil || names(found) != "yours/epoll yours/poll yours/edge" {
		t.Errorf("it gives %s, %v", names(found), err)
	}
	for _, field := range []string{"about", "language", "design", "build", "run", "needs", "features", "variants", "known"} {
		if !strings.Contains(manifest, `"`+field+`":`) || !strings.Contains(string(readme), "`"+field+"`") {
			t.Errorf("field %s is not shown and explained", field)
		}
	}
}
