package main

import (
	"errors"
	"os"
	"runtime/debug"
	"time"

	"reactorbench/conformance/spec"
	"reactorbench/results"
)

// writeReports writes the files that the flags ask for.
func (s *session) writeReports() error {
	if s.config.report != "" {
		if err := s.conformanceReport().WriteFile(s.config.report); err != nil {
			return err
		}
	}
	if s.config.trace != "" {
		if err := writeTraces(s.config.trace, s.outcomes); err != nil {
			return err
		}
	}
	return errors.Join(
		writeFile(s.config.junit, func() ([]byte, error) { return junitReport(s.outcomes, s.config.strict) }),
		writeFile(s.config.html, func() ([]byte, error) { return s.htmlReport(time.Now()) }),
		writeFile(s.config.badge, func() ([]byte, error) { return badgeOf(s.outcomes[0]).file(s.config.badge) }),
	)
}

// writeFile writes what make makes, if a file is wanted at all.
func writeFile(name string, make func() ([]byte, error)) error {
	if name == "" {
		return nil
	}
	text, err := make()
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o666)
}

func (s *session) conformanceReport() results.Conformance {
	report := results.Conformance{
		Schema: results.ConformanceSchema, Spec: spec.Version, Time: time.Now().UTC(), Commit: commit(),
		Profile: s.config.profile.String(), Seed: s.config.seed,
	}
	for _, o := range s.outcomes {
		report.Impls = append(report.Impls, implInfo(o))
		for _, r := range o.results {
			report.Results = append(report.Results, checkResult(o.target.Target.Name, r))
		}
	}
	return report
}

func implInfo(o outcome) results.ImplInfo {
	info := results.ImplInfo{
		Name: o.target.Target.Name, About: o.target.About, Language: o.target.Language, Design: o.target.Design,
		Unavailable: o.target.unavailable,
	}
	switch {
	case o.buildError != nil:
		info.Unavailable = "not built: " + o.buildError.Error()
	case o.unstartable != nil:
		info.Unavailable = "not started: " + o.unstartable.Error()
	}
	return info
}

func checkResult(name string, r spec.Result) results.CheckResult {
	return results.CheckResult{
		Impl: name, Slug: r.Check.Slug, Level: r.Check.Level.String(), Says: r.Check.Says, Source: r.Check.Source,
		Verdict: string(r.Verdict), Detail: r.Detail(), Again: r.Again, Known: r.Known,
		ElapsedMs: float64(r.Elapsed.Microseconds()) / 1000, Seed: r.Seed, Profile: r.Check.Profile.String(),
	}
}

// commit is the revision that this command was built from, where the go command knows it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}
