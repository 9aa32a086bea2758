package results

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// HistorySchema is raised when a field of HistoryLine changes its meaning.
const HistorySchema = 1

// A HistoryLine is one series in one run: a file of such lines, appended to and never edited, is all that history needs,
// and small enough for a branch of its own.
type HistoryLine struct {
	Schema   int       `json:"schema"`
	RunID    string    `json:"run_id"`
	Time     time.Time `json:"ts"`     // when the run began, UTC
	EnvID    string    `json:"env_id"` // runs of different machines are never joined
	Commit   string    `json:"commit"`
	Impl     string    `json:"impl"`
	Workload string    `json:"workload"`
	Ratio    float64   `json:"cpu_ratio"` // server CPU per request, as a multiple of Reference in the same blocks
	Low      float64   `json:"cpu_ratio_low"`
	High     float64   `json:"cpu_ratio_high"` // 95 % interval
	Blocks   int       `json:"blocks"`
}

// HistoryOf are the lines of a run: of each series whose ratio has an interval. A run of changes that no commit holds has none, for
// a point of the history must have a name.
func HistoryOf(run *Run) ([]HistoryLine, error) {
	if len(run.Records()) == 0 {
		return nil, fmt.Errorf("%s has no records", run.Dir())
	}
	first := run.Records()[0]
	switch {
	case first.Dirty || first.Commit == "":
		return nil, fmt.Errorf("%s was measured with changes that no commit holds: it cannot be a point of the history", run.Dir())
	case slices.ContainsFunc(run.Records(), func(r Record) bool { return r.EnvID != first.EnvID || r.Commit != first.Commit }):
		return nil, fmt.Errorf("%s holds records of several commits or machines", run.Dir())
	}
	if err := run.OneEngine(); err != nil {
		return nil, err
	}
	var lines []HistoryLine
	for _, s := range Summarise(run.Cells()) {
		if s.CPURatio.Trusted() && s.Impl != Reference {
			lines = append(lines, HistoryLine{
				Schema: HistorySchema, RunID: first.RunID, Time: first.Time, EnvID: first.EnvID, Commit: first.Commit,
				Impl: s.Impl, Workload: s.Workload, Ratio: s.CPURatio.Median, Low: s.CPURatio.Low, High: s.CPURatio.High, Blocks: s.CPURatio.N,
			})
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s has no ratio to %s with an interval: that needs %s among the servers and six blocks", run.Dir(), Reference, Reference)
	}
	return lines, nil
}

// AppendHistory adds lines to a file, which need not exist. A run that is there already is refused, and so is a file that breaks off:
// more than its last line may be lost, and what is added would look as if nothing were.
func AppendHistory(path string, lines []HistoryLine) error {
	if data, err := os.ReadFile(path); err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
		return fmt.Errorf("%s breaks off in its last line: restore it, or remove that line, before a run is added", path)
	}
	known, err := ReadHistory(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var text bytes.Buffer
	for _, l := range lines {
		if slices.ContainsFunc(known, func(k HistoryLine) bool { return k.RunID == l.RunID }) {
			return fmt.Errorf("%s has the run %s already", path, l.RunID)
		}
		line, err := json.Marshal(l)
		if err != nil {
			return err
		}
		text.Write(append(line, '\n'))
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text.Bytes())
	return errors.Join(err, file.Close())
}

// ReadHistory reads a file of lines. One that breaks off at the end is left out: its writer was interrupted.
func ReadHistory(path string) (lines []HistoryLine, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows := bytes.SplitAfter(data, []byte("\n"))
	for i, row := range rows {
		if len(bytes.TrimSpace(row)) == 0 {
			continue
		}
		var l HistoryLine
		place := fmt.Sprintf("%s, line %d", path, i+1)
		switch err := json.Unmarshal(row, &l); {
		case err != nil && i == len(rows)-1:
		case err != nil:
			return nil, fmt.Errorf("%s: %w", place, err)
		default:
			if err := checkSchema(place, l.Schema, HistorySchema); err != nil {
				return nil, err
			}
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// A Trend is one series over the runs of one machine, the oldest first.
type Trend struct {
	EnvID, Impl, Workload string
	Points                []HistoryLine
	Levels                []Level
}

// Change is the step into level i, as a ratio: 1.06 is 6 % dearer; 1 for the first.
func (t Trend) Change(i int) float64 {
	if i == 0 {
		return 1
	}
	return t.Levels[i].Mean / t.Levels[i-1].Mean
}

// Trends sorts lines into series and finds their levels.
func Trends(lines []HistoryLine) (all []Trend) {
	sorted := slices.SortedStableFunc(slices.Values(lines), func(a, b HistoryLine) int {
		return cmp.Or(cmp.Compare(a.EnvID, b.EnvID), cmp.Compare(a.Workload, b.Workload), cmp.Compare(a.Impl, b.Impl), a.Time.Compare(b.Time))
	})
	for _, l := range sorted {
		n := len(all)
		if n == 0 || all[n-1].EnvID != l.EnvID || all[n-1].Impl != l.Impl || all[n-1].Workload != l.Workload {
			all = append(all, Trend{EnvID: l.EnvID, Impl: l.Impl, Workload: l.Workload})
			n++
		}
		all[n-1].Points = append(all[n-1].Points, l)
	}
	for i := range all {
		ratios := make([]float64, len(all[i].Points))
		for k, p := range all[i].Points {
			ratios[k] = p.Ratio
		}
		all[i].Levels = Levels(ratios)
	}
	return all
}
