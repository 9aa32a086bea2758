package main

import (
	"os"
	"path/filepath"
	"strings"

	"reactorbench/conformance/spec"
)

// writeTraces writes a file for each result that is not a plain pass: the report, and the wire log that the text leaves out.
func writeTraces(dir string, all []outcome) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, o := range all {
		name := o.target.Target.Name
		for _, r := range o.results {
			if !worthTelling(r) {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, storyID(name, r.Check.Slug)+".txt"), []byte(trace(name, r)), 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

func trace(server string, r spec.Result) string {
	text := r.Report(server)
	if len(r.Wire) > 0 {
		text += "\nwire log: seconds, connection, what the client sent (→) and received (←)\n" + strings.Join(r.Wire, "\n") + "\n"
	}
	return text
}
