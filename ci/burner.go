package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"reactorbench/results"
)

// burning is the series that selftest measures.
var burning = series{"burn", "closed-64"}

// A burner knows what a turn of the burning loop costs.
type burner struct {
	request float64 // ns of server CPU for a request without burn
	turn    float64 // ns for one turn of the loop
}

// iterations of the loop make a request dearer by that part.
func (b burner) iterations(part float64) int { return int(math.Round(part * b.request / b.turn)) }

// calibrationTurns are about twice what a request costs.
const calibrationTurns = 4000

// calibrate builds the server and the generator and measures what the loop costs, within a request as it is used.
func (s *selftest) calibrate(ctx context.Context) (burner, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return burner{}, err
	}
	for out, pkg := range map[string]string{s.loadgen(): "./loadgen", s.burnProgram(): "./ci/testdata/burn"} {
		if err := goBuild(ctx, root, out, pkg); err != nil {
			return burner{}, err
		}
	}
	for tree, turns := range map[string]int{"base": 0, "calibration": calibrationTurns} {
		if err := s.install(tree, turns); err != nil {
			return burner{}, err
		}
	}
	s.say("calibration")
	if _, err := s.blocks(ctx, burning, "base", "calibration", s.plan.Control); err != nil {
		return burner{}, err
	}
	return s.readCalibration()
}

// readCalibration takes medians over the slices.
func (s *selftest) readCalibration() (burner, error) {
	folders, err := filepath.Glob(filepath.Join(s.out, "*-calibration-against-base-*"))
	if err != nil {
		return burner{}, err
	}
	costs := make(map[string][]float64)
	for _, folder := range folders {
		run, err := results.Open(folder)
		if err != nil {
			return burner{}, err
		}
		for _, r := range run.Records() {
			if r.ServerCPUPerRequestNs > 0 {
				costs[r.Role] = append(costs[r.Role], r.ServerCPUPerRequestNs)
			}
		}
	}
	without, with := median(slices.Sorted(slices.Values(costs["base"]))), median(slices.Sorted(slices.Values(costs["head"])))
	if with <= without {
		return burner{}, fmt.Errorf("calibration: a request costs %.0f ns without and %.0f ns with %d turns of the loop", without, with, calibrationTurns)
	}
	s.say("a request costs %.0f ns, a turn of the loop %.3f ns", without, (with-without)/calibrationTurns)
	return burner{request: without, turn: (with - without) / calibrationTurns}, nil
}

// install makes a folder of the burning server with so many turns of its loop.
func (s *selftest) install(tree string, turns int) error {
	folder := s.server(tree, burning)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"about": "burns time at each read", "language": "Go", "design": "goroutine per connection", "run": []string{s.burnProgram()},
		"variants": []any{map[string]any{"name": "", "env": []string{fmt.Sprintf("BURN=%d", turns)}}},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "impl.json"), manifest, 0o644)
}

func (s *selftest) burnProgram() string { return filepath.Join(s.dir, "burn") }

// moduleRoot is the folder of go.mod; the sources of the servers are not in the program.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}").Output()
	path, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || path != "reactorbench" {
		return "", usagef("what is measured is built from the sources: run ci within the checkout")
	}
	return dir, nil
}
