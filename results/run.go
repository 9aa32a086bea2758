package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A Run is a results folder in memory.
type Run struct {
	dir     string
	records []Record
	env     *Env
	notes   []string
}

// Open reads the results folder dir.
func Open(dir string) (*Run, error) {
	if !isRunFolder(dir) {
		return nil, fmt.Errorf("%s is not a results folder: it holds none of %s, %s, %s", dir, recordsFile, envFile, conformanceFile)
	}
	records, notes, err := readRecords(filepath.Join(dir, recordsFile))
	if err != nil {
		return nil, err
	}
	env, err := readEnv(dir)
	if err != nil {
		return nil, err
	}
	return &Run{dir: dir, records: records, env: env, notes: notes}, nil
}

func isRunFolder(dir string) bool {
	for _, name := range []string{recordsFile, envFile, conformanceFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// Dir is the folder that was opened.
func (r *Run) Dir() string { return r.dir }

// Records are the complete records in the order in which they were measured.
func (r *Run) Records() []Record { return r.records }

// Cells are the records of the comparison: all but those that serve another purpose.
func (r *Run) Cells() (cells []Record) {
	for _, record := range r.records {
		if record.Purpose == "" {
			cells = append(cells, record)
		}
	}
	return cells
}

// Env is the machine of the run, nil if the folder has no env.json.
func (r *Run) Env() *Env { return r.env }

// Notes are what a reader of the folder should know, a sentence each: lines that were left out.
func (r *Run) Notes() []string { return r.notes }

func readEnv(dir string) (*Env, error) {
	path := filepath.Join(dir, envFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	env := new(Env)
	if err := json.Unmarshal(data, env); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkSchema(path, env.Schema, SchemaNumber); err != nil {
		return nil, err
	}
	return env, nil
}
