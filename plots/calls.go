package main

import "reactorbench/results"

// callsPerRequest is the median over the traced servers of one workload; unknown where none was traced.
func (s study) callsPerRequest(workload, impl string) results.Estimate {
	var values []float64
	for _, r := range s.Run.Records() {
		if r.Purpose == traced && r.Workload == workload && r.Impl == impl && !r.Failed() && r.SyscallsPerRequest > 0 {
			values = append(values, r.SyscallsPerRequest)
		}
	}
	return results.EstimateMedian(values)
}

// traced reports whether any server was traced under a workload.
func (s study) traced(w workload) bool {
	for _, row := range w.Rows {
		if s.callsPerRequest(w.Name, row.Impl).Known() {
			return true
		}
	}
	return false
}
