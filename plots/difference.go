package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"reactorbench/results"
)

// A difference is a fact of the environment that another run has otherwise; an empty side does not have it.
type difference struct{ Name, Before, Now string }

// compareWith adds what differs from another run, or, without one, what differs of the environment from the run before.
func (r *report) compareWith(other *study) (err error) {
	previous := previousRun(r.Study.Run.Dir())
	if other != nil {
		c := r.Study.compare(*other)
		r.Comparison, previous = &c, other.Run
	}
	if previous == nil || previous.Env() == nil || r.Study.Run.Env() == nil {
		return nil
	}
	r.Previous = runName(previous.Dir())
	r.Differences, err = differences(previous.Env(), r.Study.Run.Env())
	return err
}

// differences lists what may explain another figure: machine, kernel, settings, toolchain, libraries and plan. What differs between any
// two runs, as times and the hash of a program built anew, is left out.
func differences(before, now *results.Env) ([]difference, error) {
	was, err := comparableFacts(before, now)
	if err != nil {
		return nil, err
	}
	is, err := comparableFacts(now, before)
	if err != nil {
		return nil, err
	}
	var all []difference
	for _, f := range is {
		if old := valueOf(was, f.Name); old != f.Value {
			all = append(all, difference{f.Name, old, f.Value})
		}
	}
	for _, f := range was {
		if valueOf(is, f.Name) == "" {
			all = append(all, difference{Name: f.Name, Before: f.Value})
		}
	}
	return all, nil
}

func valueOf(facts []fact, name string) string {
	if at := slices.IndexFunc(facts, func(f fact) bool { return f.Name == name }); at >= 0 {
		return facts[at].Value
	}
	return ""
}

// comparableFacts are those of env. A program that the other run has too stands there with what it was built from, any other only with its
// name.
func comparableFacts(env, other *results.Env) (facts []fact, err error) {
	same := struct {
		results.Env
		Schema   int                        `json:"schema,omitempty"` // each field here takes the place of one above
		EnvID    string                     `json:"env_id,omitempty"`
		Programs map[string]results.Program `json:"programs,omitempty"`
		State    *results.State             `json:"state,omitempty"`
	}{Env: *env, Programs: map[string]results.Program{}}
	same.Plan.Began, same.Plan.Ended, same.Plan.Seed, same.Plan.Command = time.Time{}, time.Time{}, 0, nil
	var alone []fact
	for _, p := range env.Programs {
		if !slices.ContainsFunc(other.Programs, func(o results.Program) bool { return o.Impl == p.Impl }) {
			alone = append(alone, fact{"programs: " + p.Impl, "measured"})
			continue
		}
		name := p.Impl
		p.SHA256, p.Impl = "", ""
		same.Programs[name] = p
	}
	groups, err := factGroups(same)
	for _, g := range groups {
		for _, f := range g.Facts {
			if f.Value != "" {
				facts = append(facts, fact{g.Name + ": " + f.Name, f.Value})
			}
		}
	}
	return append(facts, alone...), err
}

var runFolder = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z-`)

// previousRun is the newest run beside dir that is older and says what machine it came from, nil if there is none. The names of the
// folders begin with the time.
func previousRun(dir string) *results.Run {
	name := runName(dir)
	folders, err := os.ReadDir(filepath.Join(dir, ".."))
	if err != nil || !runFolder.MatchString(name) {
		return nil
	}
	slices.Reverse(folders)
	for _, f := range folders {
		if !f.IsDir() || !runFolder.MatchString(f.Name()) || f.Name() >= name {
			continue
		}
		if run, err := results.Open(filepath.Join(dir, "..", f.Name())); err == nil && run.Env() != nil {
			return run
		}
	}
	return nil
}
