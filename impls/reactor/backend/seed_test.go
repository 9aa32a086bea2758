package backend_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// seeded returns a generator and the seed to print; REACTOR_SEED repeats a run.
func seeded() (*rand.Rand, uint64) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("REACTOR_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	return rand.New(rand.NewPCG(seed, 0)), seed
}
