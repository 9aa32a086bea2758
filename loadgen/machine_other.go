//go:build !linux

package main

import (
	"time"

	"reactorbench/impls"
)

// Without Linux's /proc and affinity nothing is pinned and nothing of this is known.

func machineTimes() (t coreTimes, ok bool) { return t, false }

func pressure() (time.Duration, bool) { return 0, false }

func socketMemory(string, string) (memoryOfSockets, error) {
	return memoryOfSockets{}, impls.ErrUnsupported
}

func runQueueWaits(int) map[int]queued { return nil }

func allowedCPUs() []int { return nil }

func pinProcess([]int) error { return nil }

func descriptorLimit() int { return 0 }
