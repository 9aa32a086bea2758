package main

import (
	"fmt"
	"os"

	"reactorbench/conformance/schedule"
	"reactorbench/conformance/spec"
)

// checks are what the command line asks for: those that match, or one schedule.
func (c config) checks() ([]spec.Check, error) {
	if c.replay == "" {
		return c.selected(spec.All())
	}
	text, err := os.ReadFile(c.replay)
	if err != nil {
		return nil, fmt.Errorf("-replay: %w", err)
	}
	script, err := schedule.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("-replay: %s: %w", c.replay, err)
	}
	return []spec.Check{spec.Replay(script, c.replay)}, nil
}
