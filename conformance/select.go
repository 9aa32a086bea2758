package main

import (
	"fmt"
	"regexp"
	"strings"

	"reactorbench/conformance/spec"
)

// A pattern chooses checks as go test -run chooses tests: alternatives split by unbracketed |, each of them split by
// unbracketed / into regular expressions, of which the first must match the family and the second the name. None is
// anchored, and a missing one matches all.
type pattern [][]*regexp.Regexp

func parsePattern(text string) (pattern, error) {
	if text == "" {
		return nil, nil
	}
	var p pattern
	for _, alternative := range splitOutside(text, '|') {
		var parts []*regexp.Regexp
		for _, part := range splitOutside(alternative, '/') {
			expression, err := regexp.Compile(part)
			if err != nil {
				return nil, err
			}
			parts = append(parts, expression)
		}
		p = append(p, parts)
	}
	return p, nil
}

// splitOutside splits at a separator that stands outside of brackets and parentheses and is not escaped.
func splitOutside(text string, separator byte) []string {
	var parts []string
	square, round, from := 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '[':
			square++
		case c == ']':
			square = max(0, square-1)
		case c == '(' && square == 0:
			round++
		case c == ')' && square == 0:
			round--
		case c == separator && square == 0 && round == 0:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	return append(parts, text[from:])
}

// matches reports whether every given part matches. A pattern with more parts than a slug has matches nothing.
func (p pattern) matches(slug string) bool {
	names := strings.Split(slug, "/")
	for _, parts := range p {
		if len(parts) <= len(names) && all(parts, names) {
			return true
		}
	}
	return false
}

func all(parts []*regexp.Regexp, names []string) bool {
	for i, part := range parts {
		if !part.MatchString(names[i]) {
			return false
		}
	}
	return true
}

// selected returns the checks that the flags ask for. None is an error: a typing error must not look like success.
func (c config) selected(checks []spec.Check) ([]spec.Check, error) {
	var chosen []spec.Check
	beyond := spec.Core
	for _, check := range checks {
		switch {
		case c.run != nil && !c.run.matches(check.Slug), c.skip.matches(check.Slug):
		case check.Profile > c.profile:
			beyond = max(beyond, check.Profile)
		default:
			chosen = append(chosen, check)
		}
	}
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case beyond > spec.Core:
		return nil, fmt.Errorf("the matching checks need -profile %v", beyond)
	}
	return nil, fmt.Errorf("no check matches; conformance -list names them all")
}
