package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// schedstat sums /proc/PID/task/*/schedstat: nanoseconds on a CPU, nanoseconds runnable without one, time slices.
func schedstat(pid int) (runnable, error) {
	var total runnable
	for _, task := range tasks(pid) {
		text, err := os.ReadFile(filepath.Join(task, "schedstat"))
		if err != nil {
			continue // the thread has ended
		}
		var cpu, waiting, slices int64
		if _, err := fmt.Sscan(string(text), &cpu, &waiting, &slices); err != nil {
			return runnable{}, fmt.Errorf("%s/schedstat: %w", task, err)
		}
		total.cpu += time.Duration(cpu)
		total.waiting += time.Duration(waiting)
	}
	if total.cpu == 0 {
		return runnable{}, errUnobservable
	}
	return total, nil
}
