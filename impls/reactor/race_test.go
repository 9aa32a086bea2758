//go:build race

package reactor

// The simulation is one goroutine, in which there is no race to find, and the detector makes it ten times slower.
func init() { *turnsFlag = 50_000 }
