package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"reactorbench/results"
)

// A SelftestReport is the table of ci selftest, and its JSON.
type SelftestReport struct {
	Schema  int             `json:"schema"`
	Commit  string          `json:"commit,omitempty"`
	Dirty   bool            `json:"dirty"`
	Began   time.Time       `json:"began"`
	Ended   time.Time       `json:"ended"`
	Machine results.Machine `json:"machine"`
	Pairs   int             `json:"pairs"`  // measured, a level
	Trials  int             `json:"trials"` // runs of the plan that were drawn from them, a level
	Seed    uint64          `json:"seed"`
	Kept    bool            `json:"promises_kept"`
	Levels  []SelftestLevel `json:"levels"`
}

// A SelftestLevel is one injected slow-down. 0.05 is 5 %.
type SelftestLevel struct {
	Injected     float64 `json:"injected"`
	Measured     Rate    `json:"measured"`
	Fail         Rate    `json:"fail"`
	Pass         Rate    `json:"pass"`
	Inconclusive Rate    `json:"inconclusive"`
	MeanPairs    float64 `json:"mean_pairs"` // until the verdict
	Promised     string  `json:"promised"`
	Kept         bool    `json:"kept"`     // the rate's interval and the promise have something in common
	Doubtful     bool    `json:"doubtful"` // and yet the rate itself breaks the promise
}

// A Rate has its 95 % interval.
type Rate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func (r Rate) String() string {
	return fmt.Sprintf("%.1f %% (%.1f–%.1f)", 100*r.Value, 100*r.Low, 100*r.High)
}

func (s *selftest) newReport() *SelftestReport {
	env := results.Describe()
	return &SelftestReport{
		Schema: 1, Commit: env.Commit, Dirty: env.Dirty, Began: time.Now().UTC(), Machine: env.Machine,
		Pairs: s.count, Trials: s.trials, Seed: s.seed, Kept: true,
	}
}

// add judges levels against what the plan promises: a rate breaks its promise if its whole interval does.
func (r *SelftestReport) add(all []levelRates) {
	for i, rates := range all {
		judged, promised := rates.of(levels[i].verdict), levels[i]
		level := SelftestLevel{
			Injected: rates.wanted,
			Measured: Rate{math.Expm1(rates.measured.Estimate), math.Expm1(rates.measured.Low), math.Expm1(rates.measured.High)},
			Fail:     rates.fail, Pass: rates.pass, Inconclusive: rates.unclear,
			MeanPairs: rates.pairs, Promised: promise(i), Kept: judged.Low <= promised.high && judged.High >= promised.low,
		}
		level.Doubtful = level.Kept && (judged.Value > promised.high || judged.Value < promised.low)
		r.Kept = r.Kept && level.Kept
		r.Levels = append(r.Levels, level)
	}
	r.Ended = time.Now().UTC()
}

// of is the rate of a verdict.
func (r levelRates) of(v Verdict) Rate {
	if v == Fail {
		return r.fail
	}
	return r.pass
}

func promise(level int) string {
	switch l := levels[level]; {
	case l.verdict == "":
		return "nothing: between margin and tolerance"
	case l.low > 0:
		return fmt.Sprintf("%s in at least %.3g %%", l.verdict, 100*l.low)
	default:
		return fmt.Sprintf("%s in at most %.2g %%", l.verdict, 100*l.high)
	}
}

func (r *SelftestReport) exitStatus() int {
	if r.Kept {
		return exitDone
	}
	return exitFailed
}

var selftestColumns = []string{"injected", "measured", "FAIL", "PASS", "INCONCLUSIVE", "pairs", "promised", "kept"}

func (l SelftestLevel) cells() []string {
	kept := "yes"
	switch {
	case !l.Kept:
		kept = "BROKEN"
	case l.Doubtful:
		kept = "cannot tell"
	}
	return []string{
		fmt.Sprintf("%+.0f %%", 100*l.Injected),
		fmt.Sprintf("%+.1f %% (%+.1f to %+.1f)", 100*l.Measured.Value, 100*l.Measured.Low, 100*l.Measured.High), l.Fail.String(), l.Pass.String(), l.Inconclusive.String(),
		fmt.Sprintf("%.0f", l.MeanPairs), l.Promised, kept,
	}
}

// foundation is what the rates rest on.
func (r *SelftestReport) foundation() string {
	text := fmt.Sprintf("%d measured pairs a level, %d runs of the plan drawn from them, seed %d; intervals 95 %%, of the drawing and of the pairs", r.Pairs, r.Trials, r.Seed)
	if missing := len(levels) - len(r.Levels); missing > 0 {
		text += fmt.Sprintf("; %d of %d levels were not measured", missing, len(levels))
	}
	return text
}

func writeSelftest(w io.Writer, r *SelftestReport) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(selftestColumns, "\t"))
	for _, l := range r.Levels {
		fmt.Fprintln(t, strings.Join(l.cells(), "\t"))
	}
	t.Flush()
	fmt.Fprintln(w, r.foundation())
}

// selftestMarkdown is a page that explains itself to a reader who has not measured.
func selftestMarkdown(r *SelftestReport) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# How often `ci gate` errs\n\nMade by `ci selftest -pairs %d -trials %d -seed %d`, which explains itself with `-h`. A server that burns a calibrated time at\n"+
		"each request was compared with itself without the burn: no slow-down is a false alarm's chance, the others are what is found.\n"+
		"A promise is BROKEN if the rate's whole interval breaks it; where only the rate does, it cannot be told.\n\n", r.Pairs, r.Trials, r.Seed)
	fmt.Fprintf(&text, "| %s |\n|%s\n", strings.Join(selftestColumns, " | "), strings.Repeat("---|", len(selftestColumns)))
	for _, l := range r.Levels {
		fmt.Fprintf(&text, "| %s |\n", strings.Join(l.cells(), " | "))
	}
	fmt.Fprintf(&text, "\n%s.\n\nCommit %s%s, %s to %s UTC, %s/%s, %d cores, %s, kernel %s.\n", r.foundation(), r.Commit, map[bool]string{true: " with changes"}[r.Dirty],
		r.Began.Format("2006-01-02 15:04"), r.Ended.Format("15:04"), r.Machine.OS, r.Machine.Architecture, r.Machine.LogicalCPUs, r.Machine.CPUModel, r.Machine.Kernel)
	return text.String()
}

// write keeps a whole table, in place of the one before.
func (s *selftest) write(r *SelftestReport) error {
	if s.json != "" {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if s.markdown == "" {
		return nil
	}
	return os.WriteFile(s.markdown, []byte(selftestMarkdown(r)), 0o644)
}
