package main

import (
	"strings"
	"testing"

	"reactorbench/conformance/spec"
)

func TestPatternsMatchAsGoTestDoes(t *testing.T) {
	tests := []struct {
		pattern, slug string
		want          bool
	}{
		{"", "close/empty", true}, // checked by selected: no pattern, no choice
		{"close", "close/empty", true},
		{"clo", "close/empty", true},
		{"^lose", "close/empty", false},
		{"close/empty", "close/empty", true},
		{"close/half", "close/half-close-small", true},
		{"close/half$", "close/half-close-small", false},
		{"/half", "close/half-close-small", true},
		{"empty", "close/empty", false}, // the first part is about the family
		{"close/empty/deeper", "close/empty", false},
		{"data|proc", "proc/sigint", true},
		{"data/one|proc/sigint", "data/all-bytes", false},
		{"data/(one|all)", "data/all-bytes", true},
		{"data/[a/b]ll", "data/all-bytes", true},
		{`data/all\|`, "data/all-bytes", false},
	}
	for _, test := range tests {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Errorf("%q: %v", test.pattern, err)
			continue
		}
		if got := p == nil || p.matches(test.slug); got != test.want {
			t.Errorf("%q matches %s: %v, want %v", test.pattern, test.slug, got, test.want)
		}
	}
}

func TestABrokenPatternIsAnError(t *testing.T) {
	if _, err := parsePattern("close/("); err == nil {
		t.Error("an open parenthesis was understood")
	}
}

func TestSelected(t *testing.T) {
	checks := []spec.Check{
		{Slug: "data/one-byte"}, {Slug: "data/huge", Profile: spec.Torture}, {Slug: "proc/sigint", Profile: spec.Full},
	}
	tests := []struct {
		args []string
		want string // slugs, or the error
	}{
		{[]string{"-list"}, "data/one-byte proc/sigint"},
		{[]string{"-list", "-short"}, "data/one-byte"},
		{[]string{"-list", "-profile", "torture"}, "data/one-byte data/huge proc/sigint"},
		{[]string{"-list", "-run", "data"}, "data/one-byte"},
		{[]string{"-list", "-test.run", "data"}, "data/one-byte"},
		{[]string{"-list", "-skip", "data"}, "proc/sigint"},
		{[]string{"-list", "-run", "data/huge"}, "the matching checks need -profile torture"},
		{[]string{"-list", "-run", "dta"}, "no check matches; conformance -list names them all"},
	}
	for _, test := range tests {
		c, err := parse(test.args, nil)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		var got []string
		chosen, err := c.selected(checks)
		for _, check := range chosen {
			got = append(got, check.Slug)
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q: got %q, want %q", test.args, got, test.want)
		}
	}
}
