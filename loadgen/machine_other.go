//go:build !linux

package main

import "time"

// Without Linux's /proc and affinity nothing is pinned and nothing of this is known.

func stolen() (time.Duration, bool) { return 0, false }

func runQueueWaits(int) map[int]time.Duration { return nil }

func allowedCPUs() []int { return nil }

func pinProcess([]int) error { return nil }

func descriptorLimit() int { return 0 }
