package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"reactorbench/conformance/spec"
	"reactorbench/impls"
)

// A target is something under test, and what the reports say about it.
type target struct {
	impls.Impl
	spec.Target
	unavailable string // what is not installed; nothing is run then and nothing passes
	prepare     func(context.Context, *spec.Target) error
}

// contract is the feature of every server with an impl.json: it takes the flags and prints the line of the server contract.
const contract = "contract"

// targets finds what the command line names. release removes what was built.
func (c config) targets(ctx context.Context, checks []spec.Check) (all []target, release func(), err error) {
	switch {
	case c.command != nil:
		return []target{stranger(c.command)}, func() {}, nil
	case c.addr != "":
		return []target{attached(c.addr, c.pid)}, func() {}, nil
	}
	found, err := impls.Find(c.patterns...)
	if err != nil {
		return nil, nil, err
	}
	if err := knownSlugs(found, checks); err != nil {
		return nil, nil, err
	}
	builder, err := impls.NewBuilder()
	if err != nil {
		return nil, nil, err
	}
	for _, impl := range found {
		t := implementation(builder, impl, c.loops)
		t.Also = alsoKnown(found, impl.Name)
		all = append(all, t)
	}
	return all, func() { builder.Close() }, nil
}

// knownSlugs refuses a manifest that expects a check to fail which does not exist: it was renamed, or never was.
func knownSlugs(found []impls.Impl, checks []spec.Check) error {
	slugs := map[string]bool{}
	for _, check := range checks {
		slugs[check.Slug] = true
	}
	for _, impl := range found {
		for slug := range impl.Known {
			if !slugs[slug] {
				return fmt.Errorf("%s: known failure %q is no check; conformance -list names them all",
					filepath.Join(impl.Dir, "impl.json"), slug)
			}
		}
	}
	return nil
}

func implementation(builder *impls.Builder, impl impls.Impl, loops int) target {
	features := map[string]bool{contract: true}
	for _, feature := range impl.Features {
		features[feature] = true
	}
	again := "./impls/" + impl.Name
	if loops > 1 {
		again = fmt.Sprintf("-loops %d %s", loops, again)
	}
	return target{
		Impl:        impl,
		Target:      spec.Target{Name: impl.Name, Features: features, Known: impl.Known, Again: again},
		unavailable: missing(impl),
		prepare: func(ctx context.Context, t *spec.Target) error {
			program, err := builder.Build(ctx, impl)
			if err != nil {
				return err
			}
			t.Program = spec.Launch(program, loops)
			return nil
		},
	}
}

// missing says what must be installed, or "".
func missing(impl impls.Impl) string {
	var needs []string
	for _, need := range impl.Missing() {
		needs = append(needs, need.String())
	}
	return strings.Join(needs, ", ")
}

func stranger(command []string) target {
	t := spec.Command(command...)
	return target{Impl: impls.Impl{Name: t.Name, About: strings.Join(command, " ")}, Target: t, prepare: isReady}
}

func attached(addr string, pid int) target {
	return target{Impl: impls.Impl{Name: addr}, Target: spec.At(addr, pid), prepare: isReady}
}

// isReady: there is nothing to build.
func isReady(context.Context, *spec.Target) error { return nil }
