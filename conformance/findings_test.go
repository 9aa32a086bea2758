package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"reactorbench/conformance/schedule"
	"reactorbench/impls"
)

// owed are the known failures, as SERVER SLUG, that FINDINGS.md still has to explain. It should stay empty.
var owed = []string{}

// A finding is a row of the table in FINDINGS.md.
type finding struct {
	name         string
	servers      []string
	checks       string
	reproduction string
}

var (
	findingRow = regexp.MustCompile(`(?m)^\| \[(.+?)\]\(#(.+?)\) \| (.+?) \| (.+?) \| (.+?) \|$`)
	section    = regexp.MustCompile(`(?m)^## (.+)$`)
)

func findings(text string) (all []finding) {
	for _, row := range findingRow.FindAllStringSubmatch(text, -1) {
		all = append(all, finding{name: row[1], servers: strings.Split(row[3], ", "), checks: row[4], reproduction: row[5]})
	}
	return all
}

func (f finding) covers(server, slug string) bool {
	return slices.Contains(f.servers, server) && strings.Contains(f.checks, "`"+slug+"`")
}

// unexplained are the known failures that no row covers.
func unexplained(text string, found []impls.Impl) (missing []string) {
	rows := findings(text)
	for _, impl := range found {
		for slug := range impl.Known {
			if !slices.ContainsFunc(rows, func(f finding) bool { return f.covers(impl.Name, slug) }) {
				missing = append(missing, impl.Name+" "+slug)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// slugs are the checks of a row.
func (f finding) slugs() []string { return strings.Fields(strings.ReplaceAll(f.checks, "`", "")) }

// stale are the failures that a row names and no manifest knows any more.
func stale(text string, found []impls.Impl) (gone []string) {
	known := map[string]bool{}
	for _, impl := range found {
		for slug := range impl.Known {
			known[impl.Name+" "+slug] = true
		}
	}
	for _, f := range findings(text) {
		for _, server := range f.servers {
			for _, slug := range f.slugs() {
				if !known[server+" "+slug] {
					gone = append(gone, f.name+": "+server+" "+slug)
				}
			}
		}
	}
	return gone
}

// TestEveryKnownFailureIsWrittenUp: whoever adds one to a manifest explains it, and whoever takes one out takes its row along.
func TestEveryKnownFailureIsWrittenUp(t *testing.T) {
	text, err := os.ReadFile("FINDINGS.md")
	if err != nil {
		t.Fatal(err)
	}
	found, err := impls.Find("../impls/...")
	if err != nil {
		t.Fatal(err)
	}
	if missing := unexplained(string(text), found); !slices.Equal(missing, owed) {
		t.Errorf("without a row in FINDINGS.md:\n%s\nowed:\n%s", strings.Join(missing, "\n"), strings.Join(owed, "\n"))
	}
	if gone := stale(string(text), found); len(gone) > 0 {
		t.Errorf("in FINDINGS.md, and known in no manifest:\n%s", strings.Join(gone, "\n"))
	}
}

// TestAKnownFailureCanBeMissing, or its row be stale: this keeps the test above honest.
func TestAKnownFailureCanBeMissing(t *testing.T) {
	row := "| [a](#a) | one, one/two | `x/y` | the check |\n"
	for _, test := range []struct {
		server, slug string
		missing      int
	}{{"one", "x/y", 0}, {"one/two", "x/y", 0}, {"one/three", "x/y", 1}, {"one", "x/z", 1}} {
		impl := impls.Impl{Name: test.server, Known: map[string]string{test.slug: "?"}}
		if missing := unexplained(row, []impls.Impl{impl}); len(missing) != test.missing {
			t.Errorf("%s %s: %v", test.server, test.slug, missing)
		}
		if gone := stale(row, []impls.Impl{impl}); len(gone) != 1+test.missing {
			t.Errorf("%s %s, of two: stale %v", test.server, test.slug, gone)
		}
	}
}

// TestFindingsAreWhole: a row has its section, with all four parts, and its script is there and can be read.
func TestFindingsAreWhole(t *testing.T) {
	file, err := os.ReadFile("FINDINGS.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	var sections, rows []string
	for _, at := range section.FindAllStringSubmatch(text, -1) {
		sections = append(sections, at[1])
	}
	for _, f := range findings(text) {
		rows = append(rows, f.name)
		_, body, _ := strings.Cut(text, "## "+f.name+"\n")
		body, _, _ = strings.Cut(body, "\n## ")
		for _, part := range []string{"**What happens.**", "**Why.**", "**Upstream.**", "**What a user can do.**"} {
			if !strings.Contains(body, part) {
				t.Errorf("%s has no %s", f.name, part)
			}
		}
		if f.reproduction == "the check" {
			continue
		}
		script, err := os.ReadFile(filepath.Join("testdata/findings", f.reproduction))
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
		} else if _, err := schedule.Parse(string(script)); err != nil {
			t.Errorf("%s: %v", f.reproduction, err)
		}
	}
	if !slices.Equal(sections, rows) {
		t.Errorf("sections %v\nrows     %v", sections, rows)
	}
}
