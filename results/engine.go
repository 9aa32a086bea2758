package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// OneEngine is an error if engines of the load generator are mixed in the folder: a chart or a history has one point for a server, and the
// two would be pooled there.
func (r *Run) OneEngine() error {
	var names []string
	for _, record := range r.records {
		if name := cmp.Or(record.Engine, "one that is not told"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) < 2 {
		return nil
	}
	return fmt.Errorf("%s holds records of several engines of the load generator, %s: each needs a folder of its own", r.dir, strings.Join(names, " and "))
}
