package main

import (
	"runtime"
	"sync"
	"time"
)

// pause lets a moment pass without costing the CPU anything.
func pause() { time.Sleep(time.Millisecond) }

// spin costs the CPU everything and lets a moment pass.
func spin() { runtime.Gosched() }

// takeTurn waits until nobody holds the loop.
func takeTurn(loop *sync.Mutex) {
	loop.Lock()
	defer loop.Unlock()
}
