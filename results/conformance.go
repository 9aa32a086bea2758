package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Conformance is one run of the conformance suite: which promises each implementation keeps.
type Conformance struct {
	Schema  int           `json:"schema"`
	Spec    string        `json:"spec"` // name and version of the specification
	Time    time.Time     `json:"ts"`
	Commit  string        `json:"commit,omitempty"`
	Profile string        `json:"profile"` // core, full or torture
	Seed    uint64        `json:"seed"`
	Impls   []ImplInfo    `json:"impls"`
	Results []CheckResult `json:"results"`
}

// ConformanceSchema is the number of the layout of Conformance.
const ConformanceSchema = 1

// ImplInfo describes an implementation that was asked for, whether or not it could be run.
type ImplInfo struct {
	Name        string `json:"impl"`
	About       string `json:"about,omitempty"`
	Language    string `json:"language,omitempty"`
	Design      string `json:"design,omitempty"`
	Unavailable string `json:"unavailable,omitempty"` // why nothing was checked: what is not installed, or what did not build
}

// CheckResult is one check on one implementation.
type CheckResult struct {
	Impl      string  `json:"impl"`
	Slug      string  `json:"slug"`
	Level     string  `json:"level"` // MUST, SHOULD or MAY
	Says      string  `json:"says"`
	Source    string  `json:"source,omitempty"`
	Verdict   string  `json:"verdict"`          // pass fail weak info n/a skip precondition flaky xfail xpass crash hang error
	Detail    string  `json:"detail,omitempty"` // what was wanted, what came, when; several lines
	Again     string  `json:"again,omitempty"`  // the command that shows it again
	Known     string  `json:"known,omitempty"`  // the manifest's reason, when the failure was expected
	ElapsedMs float64 `json:"elapsed_ms"`
	Seed      uint64  `json:"seed"`
	Profile   string  `json:"profile"` // the smallest profile that has the check
}

// WriteFile writes the report as one JSON document, whole or not at all.
func (c Conformance) WriteFile(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	unfinished := path + ".unfinished"
	if err := os.WriteFile(unfinished, append(text, '\n'), 0o666); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return os.Rename(unfinished, path)
}

// Conformance is the conformance report of the run, nil if the folder has none.
func (r *Run) Conformance() (*Conformance, error) {
	path := filepath.Join(r.dir, conformanceFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	report := new(Conformance)
	if err := json.Unmarshal(text, report); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkSchema(path, report.Schema, ConformanceSchema); err != nil {
		return nil, err
	}
	return report, nil
}
