//go:build !linux

package results

import "runtime"

// DescribeMachine tells what Go itself knows; the rest of Machine is read from Linux's /proc and /sys only.
func DescribeMachine() Machine {
	return Machine{OS: runtime.GOOS, Architecture: runtime.GOARCH, LogicalCPUs: runtime.NumCPU()}
}

func load() (averages, pressure string) { return "", "" }

func uptime() float64 { return 0 }

func descriptorLimit() uint64 { return 0 }

func clockResolution() int64 { return 0 }

func executable(int) string { return "" }

func libraries(int) []string { return nil }
