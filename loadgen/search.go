package main

import (
	"fmt"
	"math"
)

// A verdict is what one probe says about a rate.
type verdict int

const (
	holds      verdict = iota // the promise was kept
	breaks                    // it was not
	cannotTell                // the generator, or somebody else on its cores, was the limit
)

// A probe runs the load at a rate and judges it. A long one is a confirmation. why tells what broke, or who was the limit.
type probe func(rate float64, long bool) (v verdict, why string, err error)

// A Found is the answer of a search: an interval, never one number. The promise holds at Holds and breaks at Breaks.
type Found struct {
	Holds, Breaks float64 // requests per second; 0: no such rate was found
	Why           string  // what broke at Breaks, or who was the limit
	Limited       bool    // beyond Holds the generator was the limit: the server may hold more
	Confirmed     bool    // both ends came out the same in the longer runs
	Probes        int
}

const (
	growth     = 1.5  // of the rate while it holds
	closeness  = 1.05 // Breaks ÷ Holds at which a search is over
	carefully  = 1.1  // growth of the second search, if the first was misled
	lowestRate = 10.0 // requests a second: below it a window holds too few for a percentile
)

// A searcher looks for the highest rate that holds.
//
// It grows from a safe rate by half at a time until the promise breaks, halves the logarithm of the gap until its ends are within 5 %, and
// confirms both by the majority of three longer runs. On a noisy machine one bad probe says little, so a failure counts only if two
// of three fail; a pass counts at once, since the confirmation finds a lucky one. If an end is not confirmed the search begins again
// from there in small steps, and with majorities of longer runs only.
type searcher struct {
	probe  probe
	found  Found
	vote   func(rate float64) (verdict, string, error)
	growth float64
}

func search(start float64, p probe) (Found, error) {
	s := &searcher{probe: p, growth: growth}
	s.vote = s.quickVote
	if err := s.enclose(start); err != nil || s.found.Holds == 0 {
		return s.found, err
	}
	s.vote, s.growth = s.majority, carefully
	confirmed, err := s.confirm()
	if err != nil || confirmed {
		s.found.Confirmed = confirmed
		return s.found, err
	}
	again := s.found.Holds
	s.found = Found{Probes: s.found.Probes}
	err = s.enclose(again)
	s.found.Confirmed = err == nil && s.found.Holds > 0 // each end is the word of a majority
	return s.found, err
}

// enclose finds both ends.
func (s *searcher) enclose(start float64) error {
	err := s.bracket(start)
	if err != nil || s.found.Limited || s.found.Holds == 0 || s.found.Breaks == 0 {
		return err
	}
	return s.bisect()
}

// note keeps what a vote says about the ends.
func (s *searcher) note(rate float64, v verdict, why string) {
	switch v {
	case holds:
		s.found.Holds = rate
	case breaks:
		s.found.Breaks, s.found.Why = rate, why
	case cannotTell:
		s.found.Limited, s.found.Why = true, why
	}
}

// bracket finds a rate that holds and a higher one that does not.
func (s *searcher) bracket(start float64) error {
	for rate := start; rate >= lowestRate && rate <= highestRate; {
		v, why, err := s.vote(rate)
		if err != nil {
			return err
		}
		s.note(rate, v, why)
		switch {
		case v == cannotTell, s.found.Holds > 0 && s.found.Breaks > 0:
			return nil
		case v == holds:
			rate *= s.growth
		default:
			rate /= s.growth
		}
	}
	return nil
}

func (s *searcher) bisect() error {
	for s.found.Breaks/s.found.Holds > closeness {
		rate := math.Sqrt(s.found.Holds * s.found.Breaks)
		v, why, err := s.vote(rate)
		if err != nil {
			return err
		}
		s.note(rate, v, why)
		if v == cannotTell {
			s.found.Breaks = 0
			return nil
		}
	}
	return nil
}

// quickVote probes a rate once if it holds, and else until the majority of three is known.
func (s *searcher) quickVote(rate float64) (verdict, string, error) {
	var votes [3]int
	var whys [3]string
	for {
		v, why, err := s.try(rate, false)
		if err != nil || v == holds {
			return v, why, err
		}
		if votes[v]++; whys[v] == "" {
			whys[v] = why
		}
		if votes[v] == 2 {
			return v, whys[v], nil
		}
	}
}

func (s *searcher) try(rate float64, long bool) (verdict, string, error) {
	s.found.Probes++
	return s.probe(rate, long)
}

// confirm repeats both ends with longer runs.
func (s *searcher) confirm() (bool, error) {
	v, _, err := s.majority(s.found.Holds)
	if err != nil || v != holds || s.found.Breaks == 0 {
		return err == nil && v == holds, err
	}
	v, why, err := s.majority(s.found.Breaks)
	if err == nil && v == breaks {
		s.found.Why = why
		return true, nil
	}
	return false, err
}

// majority is what at least two of three longer runs say.
func (s *searcher) majority(rate float64) (verdict, string, error) {
	var votes [3]int
	var whys [3]string
	for range 3 {
		v, why, err := s.try(rate, true)
		if err != nil {
			return v, why, err
		}
		votes[v]++
		whys[v] = why
		if votes[v] == 2 {
			return v, why, nil
		}
	}
	return cannotTell, whys[cannotTell], nil // one of each
}

// String is the answer in words.
func (f Found) String() string {
	var text string
	switch {
	case f.Holds == 0 && f.Limited:
		return fmt.Sprintf("no answer: %s", f.Why)
	case f.Holds == 0:
		return fmt.Sprintf("below %s: %s", rateText(f.Breaks), f.Why)
	case f.Breaks == 0 && f.Limited:
		text = fmt.Sprintf("at least %s (generator limit: %s)", rateText(f.Holds), f.Why)
	case f.Breaks == 0:
		text = fmt.Sprintf("at least %s, the highest that was tried", rateText(f.Holds))
	default:
		text = fmt.Sprintf("%s to %s: %s", rateText(f.Holds), rateText(f.Breaks), f.Why)
	}
	if !f.Confirmed {
		text += "; not confirmed, longer runs came out differently"
	}
	return text
}
