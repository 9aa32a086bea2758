package impls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// digestOf builds a small server and returns its digest.
func digestOf(t *testing.T, source string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module server\n\ngo 1.26\n", "main.go": source,
		"impl.json": `{"about":"a test","language":"Go","design":"test"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	found[0].Args = args
	builder, err := NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	defer builder.Close()
	program, err := builder.Build(t.Context(), found[0])
	if err != nil {
		t.Fatal(err)
	}
	digest, err := program.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestDigestIsOfWhatIsRun(t *testing.T) {
	const source = "package main\n\nfunc main() { println(\"one\") }\n"
	digest := digestOf(t, source)
	if digestOf(t, source) != digest {
		t.Error("one source has two digests")
	}
	if digestOf(t, strings.Replace(source, "func", "// A comment that moves the lines below.\nfunc", 1)) != digest {
		t.Error("a comment changes the digest")
	}
	if digestOf(t, strings.Replace(source, "one", "two", 1)) == digest {
		t.Error("another constant does not change the digest")
	}
	if digestOf(t, strings.Replace(source, "println", "print", 1)) == digest {
		t.Error("another instruction does not change the digest")
	}
	if digestOf(t, source, "-fast") == digest {
		t.Error("another argument does not change the digest")
	}
}

func TestDigestOfAScript(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "server")
	digest := func(text string) string {
		os.WriteFile(path, []byte(text), 0o755)
		sum, err := Command("script", path).Digest()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if one, two := digest("#!/bin/sh\necho 1"), digest("#!/bin/sh\necho 2"); one == two {
		t.Error("two scripts have one digest")
	}
	if _, err := Command("nobody", filepath.Join(dir, "missing")).Digest(); err == nil {
		t.Error("a program that is not there has a digest")
	}
}
