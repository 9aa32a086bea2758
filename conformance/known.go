package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"reactorbench/impls"
)

// alsoKnown says, by slug, which of the implementations except one are known to fail a check.
func alsoKnown(found []impls.Impl, except string) map[string][]string {
	also := map[string][]string{}
	for _, impl := range found {
		if impl.Name == except {
			continue
		}
		for slug := range impl.Known {
			also[slug] = append(also[slug], impl.Name)
		}
	}
	return also
}

// ourImpls is where this project keeps its servers; -explain looks there when no pattern is given.
const ourImpls = "./impls/..."

// explainKnown says who is known to fail a check, and why, as their manifests have it.
func explainKnown(w io.Writer, slug string, patterns []string) error {
	if len(patterns) == 0 {
		if _, err := os.Stat(strings.TrimSuffix(ourImpls, "/...")); err != nil {
			return nil // somewhere else: nobody is known
		}
		patterns = []string{ourImpls}
	}
	found, err := impls.Find(patterns...)
	if err != nil {
		return err
	}
	reasons := map[string][]string{}
	for _, impl := range found {
		if reason, known := impl.Known[slug]; known {
			reasons[reason] = append(reasons[reason], impl.Name)
		}
	}
	fmt.Fprintf(w, "\nKnown to fail it, of %s:\n", strings.Join(patterns, " "))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(w, "%s: %s\n", strings.Join(reasons[reason], ", "), reason)
	}
	if len(reasons) == 0 {
		fmt.Fprintln(w, "nobody")
	}
	return nil
}
