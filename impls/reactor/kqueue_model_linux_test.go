package reactor

import "reactorbench/impls/reactor/backend"

// On Linux every test of all methods runs over kqueue's logic too, with a model in place of its kernel.
func init() { backend.AddKqueueModel() }
