package main

import (
	"runtime"
	"time"
)

// pause lets a moment pass without costing the CPU anything.
func pause() { time.Sleep(time.Millisecond) }

// spin costs the CPU everything and lets a moment pass.
func spin() { runtime.Gosched() }
