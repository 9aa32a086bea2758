package main

// This file holds the statements of policy that no compiler checks.

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "reactorbench"

// arrows is the whole import policy of this module, after go/build/deps_test.go in Go's own tree: a package may
// import exactly what its line names. Between the harness and the servers there is no arrow at all, only a process
// and a socket, so no implementation can be favoured by code that it shares with the tool that measures it.
var arrows = map[string][]string{
	"impls":                {},
	"results":              {},
	"conformance":          {"conformance/schedule", "conformance/spec", "impls", "results"},
	"conformance/spec":     {"conformance/link", "conformance/schedule", "impls", "results"},
	"conformance/spectest": {"conformance/spec"},
	"conformance/schedule": {}, // a language and a model: no socket, no process
	"conformance/link":     {}, // a bad network: packets, and nothing of what they carry
	"loadgen":              {"impls", "results"},
	"plots":                {"results"},
	"ci":                   {"impls", "results"}, // it runs the other commands as processes

	"impls/reactor/backend":           {},
	"impls/reactor/backend/simulated": {"impls/reactor/backend"}, // only tests import it
	"impls/reactor/evbuffer":          {},

	"impls/reactor":          {"impls/reactor/backend", "impls/reactor/evbuffer"},
	"impls/reactor/echo":     {"impls/reactor"},
	"impls/reactor/bench":    {"impls/reactor"},
	"impls/reactor/examples": {"impls/reactor", "impls/reactor/evbuffer"}, // and the folders below it

	"impls/bare":      {},
	"impls/goroutine": {},
	"impls/gnet":      {},
	"impls/netpoll":   {},
}

func TestImportsFollowTheArrows(t *testing.T) {
	packages := listPackages(t)
	if len(packages) == 0 {
		t.Fatal("go list found no package of this module; the policy was not checked")
	}
	for path, imports := range packages {
		for _, problem := range violations(path, imports) {
			t.Error(problem)
		}
	}
}

// TestArrowsCanFail keeps the policy honest: an import across the line between harness and servers is found.
func TestArrowsCanFail(t *testing.T) {
	for _, test := range []struct {
		path, imports string
		want          int
	}{
		{"impls/bare", "results", 1},
		{"loadgen", "impls/reactor", 1},
		{"impls/reactor/backend", "impls/reactor/evbuffer", 1},
		{"brand/new", "results", 1},
		{"plots", "results", 0},
		{"impls/reactor/examples/client", "impls/reactor", 0},
	} {
		if got := violations(test.path, []string{module + "/" + test.imports}); len(got) != test.want {
			t.Errorf("%s importing %s: %d problems %q, want %d", test.path, test.imports, len(got), got, test.want)
		}
	}
}

// violations names each import of this module that the policy does not allow to path.
func violations(path string, imports []string) (problems []string) {
	allowed, known := arrows[policyFor(path)]
	for _, imported := range imports {
		inside, ours := strings.CutPrefix(imported, module+"/")
		switch {
		case !ours:
		case !known:
			problems = append(problems, path+" imports "+inside+" but has no line in the import policy")
		case !slices.Contains(allowed, inside):
			problems = append(problems, path+" must not import "+inside)
		}
	}
	return problems
}

// policyFor gives the example programs one common line.
func policyFor(path string) string {
	if strings.HasPrefix(path, "impls/reactor/examples/") {
		return "impls/reactor/examples"
	}
	return path
}

// listPackages asks the go tool for every package of the module and what it imports, tests left out: a test may
// reach wherever it must.
func listPackages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module+"/")] = p.Imports
	}
}
