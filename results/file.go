package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	recordsFile     = "records.jsonl"
	envFile         = "env.json"
	conformanceFile = "conformance.json"
	hdrFolder       = "hdr"
)

// FolderName names the folder of a run that begins now: 2026-12-01T10-22-05Z-1a2b3c4. The colons of the time are dashes,
// because some file systems refuse colons.
func FolderName(now time.Time, commit string) string {
	if len(commit) > 7 {
		commit = commit[:7]
	}
	if commit == "" {
		commit = "nocommit"
	}
	return now.UTC().Format("2006-01-02T15-04-05Z") + "-" + commit
}

// A Writer appends records to a run. It belongs to one goroutine.
type Writer struct {
	dir     string
	records *os.File
}

// Append opens the run in dir for more records and creates the folder if it is new.
func Append(dir string) (*Writer, error) {
	if err := os.MkdirAll(filepath.Join(dir, hdrFolder), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, recordsFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	if err := endHalfLine(f); err != nil {
		f.Close()
		return nil, err
	}
	return &Writer{dir: dir, records: f}, nil
}

// endHalfLine puts a newline behind the half line of an earlier interrupted run, so that it spoils only itself.
func endHalfLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = f.WriteString("\n")
	return err
}

// Dir is the folder of the run.
func (w *Writer) Dir() string { return w.dir }

// Write appends r with a single write call, which O_APPEND makes one piece, and then its histograms to hdr/.
func (w *Writer) Write(r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := w.records.Write(append(line, '\n')); err != nil {
		return err
	}
	for _, h := range r.histograms() {
		if err := appendHistogramLog(w.dir, r, h); err != nil {
			return err
		}
	}
	return appendOverTime(w.dir, r)
}

// Close ends the writing; every record is already in the file.
func (w *Writer) Close() error { return w.records.Close() }

// readRecords reads all complete lines. A line that breaks off is left out and told in notes; a line that is complete but
// wrong is an error, since it means that another program wrote the file.
func readRecords(path string) (records []Record, notes []string, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for number, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var r Record
		err, place := json.Unmarshal(line, &r), fmt.Sprintf("%s:%d", path, number+1)
		switch {
		case brokenOff(err, line):
			notes = append(notes, fmt.Sprintf("%s:%d: left out, the line breaks off after %d bytes", recordsFile, number+1, len(line)))
		case err != nil:
			return nil, nil, fmt.Errorf("%s: %w", place, err)
		default:
			if err := r.check(place); err != nil {
				return nil, nil, err
			}
			records = append(records, r)
		}
	}
	return records, notes, nil
}

func (r Record) check(place string) error {
	if err := checkSchema(place, r.Schema, SchemaNumber); err != nil {
		return err
	}
	if r.Impl == "" {
		return fmt.Errorf("%s: it names no server, so it is not a record", place)
	}
	return nil
}

// brokenOff tells a JSON text that ends too early, which fails at its end, from one that is wrong before that.
func brokenOff(err error, line []byte) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) && syntax.Offset >= int64(len(line))
}

// writeWhole replaces a file in one step: a reader sees the old text or the new, never half of it.
func writeWhole(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	draft := path + ".new"
	if err := os.WriteFile(draft, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(draft, path)
}
